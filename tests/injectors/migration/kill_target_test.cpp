#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationKillTarget, LeavesTheGuestWhereItIs) {
    InjectorFixture sim("migration.kill_target");
    ASSERT_TRUE(sim.prepare());
    const auto qemu = sim.host->qemu_process("vm")->pid;
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.host->qemu_process("vm")->pid, qemu);
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(MigrationKillTarget, SaysWhenItCameToTheDeed) {
    InjectorFixture sim("migration.kill_target");
    ASSERT_TRUE(sim.prepare());
    Instant struck{};
    const std::stop_token token;
    InjectorContext context{.testbed = sim.testbed,
                            .scheduler = sim.scheduler,
                            .stop = token,
                            .deadline = sim.scheduler.now() + 15s,
                            .met = &sim.met,
                            .struck = &struck};
    const auto ordered = sim.scheduler.now();
    ASSERT_TRUE(sim.injector->inject(context, sim.fault));
    EXPECT_GE(struck, ordered + 500ms) << "the stage was set before";
}

}  // namespace
}  // namespace ordeal
