#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestFsfreeze, HoldsTheLoadUpUntilItIsHealed) {
    InjectorFixture sim("guest.fsfreeze");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.written_in(500ms), 0);
    ASSERT_TRUE(sim.heal());
    EXPECT_GT(sim.written_in(500ms), 0);
}

TEST(GuestFsfreeze, IsNotSeenWithoutALoad) {
    InjectorFixture sim("guest.fsfreeze");
    ASSERT_TRUE(sim.guest->stop_load(1s));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::unknown);
}

}  // namespace
}  // namespace ordeal
