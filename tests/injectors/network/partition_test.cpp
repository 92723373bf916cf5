#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkPartition, PartsTheSetsAndNothingElse) {
    InjectorFixture sim("network.partition", vm_with_disk(), {"n1", "n2", "n3"});
    sim.fault.params.set("with", std::vector<std::string>{"n3"});
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    for (const auto plane : all_planes) {
        EXPECT_FALSE(sim.world.connected(plane, "n1", "n2"));
        EXPECT_FALSE(sim.world.connected(plane, "n3", "n2"));
        EXPECT_TRUE(sim.world.connected(plane, "n1", "n3"));
        EXPECT_TRUE(sim.world.connected(plane, "", "n1"));
        EXPECT_TRUE(sim.world.connected(plane, "", "n2"));
    }
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.world.connected(Plane::guest, "n1", "n2"));
}

TEST(NetworkPartition, OfOnePlaneLeavesTheOthers) {
    InjectorFixture sim("network.partition", vm_with_disk(), {"n1", "n2"});
    sim.fault.params.set("planes", std::vector<std::string>{"storage"});
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE(sim.world.connected(Plane::storage, "n1", "n2"));
    EXPECT_TRUE(sim.world.connected(Plane::migration, "n1", "n2"));
}

TEST(NetworkPartition, RefusesWhatHasNoOtherSide) {
    InjectorFixture alone("network.partition", vm_with_disk(), {"n1"});
    EXPECT_EQ(alone.prepare().error().kind, ErrorKind::refused);
    InjectorFixture unknown("network.partition", vm_with_disk(), {"n1", "n2"});
    unknown.fault.params.set("with", std::vector<std::string>{"n9"});
    EXPECT_EQ(unknown.prepare().error().kind, ErrorKind::not_found);
    unknown.fault.params.set("with", std::vector<std::string>{});
    unknown.fault.params.set("planes", std::vector<std::string>{"astral"});
    EXPECT_EQ(unknown.prepare().error().kind, ErrorKind::definition);
}

}  // namespace
}  // namespace ordeal
