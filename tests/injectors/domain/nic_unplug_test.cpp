#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainNicUnplug, IsActiveWhileTheAgentBeatsAndNoEchoComes) {
    InjectorFixture sim("domain.nic_unplug");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(DomainNicUnplug, IsNotMistakenForAHungGuest) {
    InjectorFixture sim("domain.nic_unplug");
    ASSERT_TRUE(sim.prepare());
    sim.vm().hang();
    EXPECT_EQ(sim.observe(), Presence::unknown);
}

}  // namespace
}  // namespace ordeal
