#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkLinkDown, SilencesTheNetworkAndNotTheAgentsLink) {
    InjectorFixture sim("network.link_down");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE(sim.guest->ping(100ms));
    EXPECT_TRUE(sim.vm().agent_answers());
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(NetworkLinkDown, DoesNotTakeADeadGuestForALinkThatIsDown) {
    InjectorFixture sim("network.link_down");
    ASSERT_TRUE(sim.prepare());
    sim.vm().hang();
    EXPECT_NE(sim.observe(), Presence::active);
}

TEST(NetworkLinkDown, RefusesALinkThatIsDownAlready) {
    InjectorFixture sim("network.link_down");
    sim.vm().set_link(LinkState::down);
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
