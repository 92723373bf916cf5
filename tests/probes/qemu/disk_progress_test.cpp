#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuDiskProgress, SeesADiskThatDoesNotAnswer) {
    ProbeFixture sim("qemu.disk_progress", vm_with_disk());
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().disk("data")->impose("f", {.writes = true, .effect = DiskEffect::hang});
    sim.pass(5s);
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 750ms);
    EXPECT_LE(latency, 1500ms);
    sim.vm().disk("data")->lift("f");
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(QemuDiskProgress, HasNothingToSeeOfAGuestThatAsksForNothing) {
    ProbeFixture sim("qemu.disk_progress", vm_with_disk());
    ASSERT_TRUE(sim.guest->stop_load(1s));
    sim.watch_a_while();
    sim.vm().disk("data")->impose("f", {.writes = true, .effect = DiskEffect::hang});
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(QemuDiskProgress, DoesNotKnowWhileQemuIsSilent) {
    ProbeFixture sim("qemu.disk_progress", vm_with_disk());
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_FALSE(sim.notebook.errors.empty());
}

}  // namespace
}  // namespace ordeal
