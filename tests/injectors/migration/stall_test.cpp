#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationStall, GoesOnUntilItIsAborted) {
    InjectorFixture sim("migration.stall");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ((*sim.testbed.host_of("vm"))->name(), "n1");
}

TEST(MigrationStall, IsNotActiveWhenItArrivesInTime) {
    InjectorFixture sim("migration.stall");
    sim.fault.params.set("bandwidth", Bytes{std::uint64_t{64} << 20U});
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
