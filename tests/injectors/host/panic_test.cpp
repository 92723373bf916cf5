#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(HostPanic, LeavesADeadHostWhosePowerIsOn) {
    InjectorFixture sim("host.panic");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject()) << "the connection is lost with the host";
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ((*sim.host->power())->state(1s).value(), PowerState::on);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(HostPanic, IsNotActiveOnAHostThatNobodyCanReach) {
    InjectorFixture sim("host.panic");
    ASSERT_TRUE(sim.prepare());
    sim.world.cut("cable", {{.plane = Plane::management, .from = "n1", .to = ""}});
    EXPECT_FALSE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent) << "its processes go on";
    sim.world.mend("cable");
}

}  // namespace
}  // namespace ordeal
