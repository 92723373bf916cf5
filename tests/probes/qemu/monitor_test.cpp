#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuMonitor, PassesOnWhatQemuSays) {
    ProbeFixture sim("qemu.monitor");
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
    sim.pass(300ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::string>("run_state"), "paused");
    ASSERT_TRUE(sim.host->hypervisor().resume("vm"));
    sim.pass(300ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(QemuMonitor, SeesThatQemuStandsStill) {
    ProbeFixture sim("qemu.monitor");
    const auto struck = sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
    sim.pass(2s);
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 500ms);
    EXPECT_LE(latency, 1s);
}

TEST(QemuMonitor, DoesNotNeedLibvirtd) {
    ProbeFixture sim("qemu.monitor");
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(QemuMonitor, DoesNotSeeAHungGuest) {
    ProbeFixture sim("qemu.monitor");
    sim.watch_a_while();
    sim.vm().hang();
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

}  // namespace
}  // namespace ordeal
