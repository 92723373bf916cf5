#include "tests/live/live_run.hpp"

// The shipped experiments with real QEMU, libvirt and guests. Only what holds on a busy machine,
// too, is asserted: nothing about times.

namespace ordeal {
namespace {

TEST_F(LiveRun, KillQemuLosesNothingAndRecovers) {
    const auto record = run("quickstart/kill-qemu", 2, 2);
    ASSERT_EQ(record.trials.size(), 2U);
    expect_sound(record);
}

TEST_F(LiveRun, FrozenVmIsRunningForLibvirt) {
    const auto record = run("quickstart/frozen-vm", 1, 1);
    ASSERT_EQ(record.trials.size(), 1U);
    expect_sound(record);
    EXPECT_EQ(verdict_on(record.trials[0], "libvirt.state"), Verdict::pass);
}

TEST_F(LiveRun, PanicIsFollowedByANewStart) {
    const auto record = run("quickstart/panic", 1, 1);
    ASSERT_EQ(record.trials.size(), 2U);
    expect_sound(record);
}

TEST_F(LiveRun, AHostWithoutPowerComesBackWithAllThatWasAcknowledged) {
    const auto record = run("site/host-power-cut", 1, 1);
    ASSERT_EQ(record.trials.size(), 1U);
    expect_sound(record);
}

TEST_F(LiveRun, AHostWithoutManagementKeepsItsGuest) {
    const auto record = run("site/management-partition", 1, 1);
    ASSERT_EQ(record.trials.size(), 1U);
    expect_sound(record);
    EXPECT_NE(verdict_on(record.trials[0], "agent.heartbeat"), Verdict::fail);
}

TEST_F(LiveRun, ALibvirtdThatIsKilledTakesNoGuestWithIt) {
    const auto record = run("site/libvirtd-crash", 1, 1);
    ASSERT_EQ(record.trials.size(), 1U);
    expect_sound(record);
}

}  // namespace
}  // namespace ordeal
