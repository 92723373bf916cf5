#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationTargetStorageMissing, LeavesTheGuestWhereItIs) {
    InjectorFixture sim("migration.target_storage_missing");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    sim.pass(1min);
    EXPECT_EQ((*sim.testbed.host_of("vm"))->name(), "n1");
    EXPECT_GT(sim.written_in(500ms), 0);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
