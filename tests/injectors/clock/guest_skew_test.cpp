#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(ClockGuestSkew, IsNotSeenBeforeTheClocksAreApart) {
    InjectorFixture sim("clock.guest_skew");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    sim.pass(2s);
    EXPECT_EQ(sim.look()->presence, Presence::active);
}

TEST(ClockGuestSkew, GoesSlowAsWell) {
    InjectorFixture sim("clock.guest_skew");
    sim.fault.params.set("direction", std::string("slow"));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_LT(sim.guest->read_clock(1s)->guest_realtime, sim.scheduler.wall().time_since_epoch());
}

}  // namespace
}  // namespace ordeal
