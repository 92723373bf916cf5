#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(HostRebootForced, RebootsWithoutThePowerController) {
    InjectorFixture sim("host.reboot_forced");
    const auto before = sim.host->boot_id(1s).value();
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    sim.pass(30s);
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_NE(sim.host->boot_id(1s).value(), before);
}

}  // namespace
}  // namespace ordeal
