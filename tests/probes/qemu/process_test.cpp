#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuProcess, TellsRunningStoppedAndGone) {
    ProbeFixture sim("qemu.process");
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    EXPECT_NEAR(sim.notebook.remarks.back().facts.get<double>("cpu_share"), 0.5, 0.1);
    const auto qemu = *sim.host->qemu_process("vm");
    ASSERT_TRUE(sim.host->signal(qemu, Signal::stop));
    sim.pass(200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::string>("state"), "T");
    ASSERT_TRUE(sim.host->signal(qemu, Signal::cont));
    sim.pass(200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    ASSERT_TRUE(sim.host->signal(qemu, Signal::kill));
    sim.pass(200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::string>("state"), "gone");
}

TEST(QemuProcess, SeesThatAPausedDomainUsesNoCpuTime) {
    ProbeFixture sim("qemu.process");
    const auto struck = sim.watch_a_while();
    ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
    sim.pass(8s);  // a paused QEMU uses a tick of 10 ms now and then
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 2900ms);
    EXPECT_LE(latency, 8s);
}

TEST(QemuProcess, DoesNotSeeAPanicOrAnIdleGuest) {
    ProbeFixture sim("qemu.process", {.name = "vm", .pvpanic = false});
    ASSERT_TRUE(sim.guest->stop_load(1s));
    sim.watch_a_while();
    sim.vm().panic();
    sim.pass(10s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, {}), Instant::max());
}

TEST(QemuProcess, IsUnknownWhenTheProcessTableCannotBeRead) {
    ProbeFixture sim("qemu.process");
    sim.world.mishaps().blind = true;
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_FALSE(sim.notebook.errors.empty());
}

}  // namespace
}  // namespace ordeal
