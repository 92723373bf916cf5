#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(HostNmi, LeavesADeadHostWhosePowerIsOn) {
    InjectorFixture sim("host.nmi");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ((*sim.host->power())->state(1s).value(), PowerState::on);
    sim.pass(60s);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
