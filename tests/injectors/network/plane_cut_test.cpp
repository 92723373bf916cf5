#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkPlaneCut, OfManagementLeavesTheGuestInPeace) {
    InjectorFixture sim("network.plane_cut");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE(sim.host->hypervisor().alive(1s));
    EXPECT_FALSE(sim.host->boot_id(1s));
    EXPECT_TRUE(sim.guest->ping(100ms));
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.host->hypervisor().alive(1s));
}

TEST(NetworkPlaneCut, OfTheGuestsPlaneLeavesManagementInPeace) {
    InjectorFixture sim("network.plane_cut");
    sim.fault.params.set("plane", std::string("guest"));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE(sim.guest->ping(100ms));
    EXPECT_TRUE(sim.host->hypervisor().alive(1s));
}

TEST(NetworkPlaneCut, CutsOneDirectionOnly) {
    for (const std::string direction : {"in", "out"}) {
        InjectorFixture sim("network.plane_cut");
        sim.fault.params.set("direction", direction);
        ASSERT_TRUE(sim.prepare());
        ASSERT_TRUE(sim.inject());
        EXPECT_EQ(sim.world.passes(Plane::management, "n1", ""), direction == "in");
        EXPECT_EQ(sim.world.passes(Plane::management, "", "n1"), direction == "out");
        EXPECT_EQ(sim.observe(), Presence::active) << direction;
    }
}

TEST(NetworkPlaneCut, RefusesAHostThatIsCutOffAlready) {
    InjectorFixture sim("network.plane_cut");
    sim.world.cut("other", {{.plane = Plane::management, .from = "n1", .to = ""}});
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
