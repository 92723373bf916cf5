#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

TEST(StorageReadonly, StopsTheLoadAndNotTheDomain) {
    InjectorFixture sim("storage.readonly");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    bool written = false;
    const auto heard = sim.guest->on_acknowledged([&](const Acknowledged&) { written = true; });
    sim.pass(std::chrono::seconds(1));
    EXPECT_FALSE(written);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

}  // namespace
}  // namespace ordeal
