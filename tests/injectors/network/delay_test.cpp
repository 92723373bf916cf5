#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkDelay, MakesRoundTripsLongerOverItsPlaneAlone) {
    InjectorFixture sim("network.delay");
    sim.fault.params.set("delay", Duration(50ms));
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    auto& network = **sim.testbed.network();
    EXPECT_GE(*network.echo(Plane::guest, "", "n1", 1s), 50ms);
    EXPECT_LT(*network.echo(Plane::management, "", "n1", 1s), 50ms);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(NetworkDelay, IsRefusedWhereTheSwitchesCannot) {
    InjectorFixture sim("network.delay");
    sim.world.mishaps().no_impairment = true;
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::missing);
}

TEST(NetworkDelay, IsNotActiveWhenItDelaysTooLittle) {
    InjectorFixture sim("network.delay");
    ASSERT_TRUE(sim.prepare());
    sim.world.impair("other", {{.plane = Plane::guest, .from = "", .to = "n1"}}, {.delay = 10ms});
    EXPECT_EQ(sim.look()->presence, Presence::absent);
}

}  // namespace
}  // namespace ordeal
