#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(ClockGuestStep, GoesBackAsWell) {
    InjectorFixture sim("clock.guest_step");
    sim.fault.params.set("direction", std::string("back"));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_LT(sim.guest->read_clock(1s)->guest_realtime,
              sim.scheduler.wall().time_since_epoch() - 9min);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(ClockGuestStep, EndsByItself) {
    InjectorFixture sim("clock.guest_step");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    sim.pass(61s);
    EXPECT_EQ(sim.residue(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
