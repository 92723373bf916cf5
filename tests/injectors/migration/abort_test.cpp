#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationAbort, LeavesTheGuestWhereItIs) {
    InjectorFixture sim("migration.abort");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ((*sim.testbed.host_of("vm"))->name(), "n1");
    EXPECT_TRUE(sim.guest->ping(100ms));
}

}  // namespace
}  // namespace ordeal
