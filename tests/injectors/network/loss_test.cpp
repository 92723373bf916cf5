#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

int echoes_of(InjectorFixture& sim, Plane plane, int sent) {
    int back = 0;
    for (int i = 0; i < sent; ++i) {
        back += (*sim.testbed.network())->echo(plane, "", "n1", 10ms) ? 1 : 0;
    }
    return back;
}

TEST(NetworkLoss, LosesAPartOfWhatGoesOverItsPlaneAlone) {
    InjectorFixture sim("network.loss");
    sim.fault.params.set("percent", 25.0);
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(echoes_of(sim, Plane::guest, 100), 75);
    EXPECT_EQ(echoes_of(sim, Plane::management, 100), 100);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(echoes_of(sim, Plane::guest, 100), 100);
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(NetworkLoss, FindsOneOfAHundred) {
    InjectorFixture sim("network.loss");
    sim.fault.params.set("percent", 1.0);
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
}

TEST(NetworkLoss, RefusesAWayThatLosesAlready) {
    InjectorFixture sim("network.loss");
    sim.world.impair("other", {{.plane = Plane::guest, .from = "", .to = "n1"}}, {.loss = 0.1});
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
