#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(HostPowerCycle, ComesBackByItselfWithAnotherBootId) {
    InjectorFixture sim("host.power_cycle");
    const auto before = sim.host->boot_id(1s).value();
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ((*sim.host->power())->state(1s).value(), PowerState::off);
    EXPECT_EQ(sim.look()->presence, Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_NE(sim.host->boot_id(1s).value(), before);
}

}  // namespace
}  // namespace ordeal
