#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

TEST(StorageSlow, CountsWhatItDelayed) {
    InjectorFixture sim("storage.slow");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    const auto seen = sim.look();
    ASSERT_TRUE(seen);
    EXPECT_NE(seen->evidence.find("acted on"), std::string::npos);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

}  // namespace
}  // namespace ordeal
