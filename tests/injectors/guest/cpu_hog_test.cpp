#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestCpuHog, EndsByItself) {
    InjectorFixture sim("guest.cpu_hog");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    sim.pass(61s);
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(GuestCpuHog, IsRefusedTwiceAtATime) {
    InjectorFixture sim("guest.cpu_hog");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
    EXPECT_EQ(sim.residue(), Presence::active);
}

TEST(GuestCpuHog, IsNotKnownToBeGoneWhenTheAgentIsSilent) {
    InjectorFixture sim("guest.cpu_hog");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    sim.world.mishaps().agent_silent = true;
    EXPECT_FALSE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::unknown);
}

}  // namespace
}  // namespace ordeal
