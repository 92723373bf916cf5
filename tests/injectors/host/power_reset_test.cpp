#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(HostPowerReset, IsProvedByTheBootIdAlsoWhenTheHostIsBackAlready) {
    InjectorFixture sim("host.power_reset");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ((*sim.host->power())->state(1s).value(), PowerState::on)
        << "the controller sees it not";
    EXPECT_EQ(sim.look()->presence, Presence::active);
    EXPECT_EQ(sim.residue(), Presence::active);
    sim.pass(30s);
    EXPECT_EQ(sim.look()->presence, Presence::active);
    EXPECT_EQ(sim.residue(), Presence::absent) << "it boots by itself";
}

TEST(HostPowerReset, IsHealedByWaitingForTheBoot) {
    InjectorFixture sim("host.power_reset");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
