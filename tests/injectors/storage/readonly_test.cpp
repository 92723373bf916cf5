#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

TEST(StorageReadonly, StopsTheLoadAndNotTheDomain) {
    InjectorFixture sim("storage.readonly");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.written_in(std::chrono::seconds(1)), 0);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

}  // namespace
}  // namespace ordeal
