#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationKillSource, LeavesNobodyWhoRunsTheDomain) {
    InjectorFixture sim("migration.kill_source");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE((*sim.testbed.host("n2"))->qemu_process("vm"));
}

TEST(MigrationKillSource, IsNotActiveWhenTheDomainHasArrived) {
    InjectorFixture sim("migration.kill_source");
    sim.fault.params.set("bandwidth", Bytes{std::uint64_t{1} << 30U});
    ASSERT_TRUE(sim.prepare());
    static_cast<void>(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
