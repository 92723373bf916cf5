#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestAgentKill, LeavesTheGuestReachable) {
    InjectorFixture sim("guest.agent_kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_TRUE(sim.guest->ping(100ms));
    EXPECT_EQ(sim.residue(), Presence::unknown);
}

TEST(GuestAgentKill, IsHealedByItsHelperAlone) {
    InjectorFixture sim("guest.agent_kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    sim.pass(6s);
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.vm().agent_answers());
}

TEST(GuestAgentKill, IsNotMistakenForADeadGuest) {
    InjectorFixture sim("guest.agent_kill");
    ASSERT_TRUE(sim.prepare());
    sim.vm().panic();
    EXPECT_EQ(sim.observe(), Presence::unknown);
}

}  // namespace
}  // namespace ordeal
