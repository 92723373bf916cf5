#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtState, PassesOnStateAndReason) {
    ProbeFixture sim("libvirt.state");
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.remarks.back().facts,
              (Fields{{"state", std::string("running")}, {"reason", std::string("booted")}}));
    ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
    sim.pass(200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    EXPECT_EQ(sim.notebook.remarks.back().detail, "paused (user)");
}

TEST(LibvirtState, SeesAKilledQemuWithinAnIntervalOfLibvirt) {
    ProbeFixture sim("libvirt.state");
    const auto struck = sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::kill));
    sim.pass(1s);
    EXPECT_LE(sim.notebook.first(Opinion::dead, struck) - struck, 125ms);
}

TEST(LibvirtState, CallsAFrozenDomainAlive) {
    ProbeFixture sim("libvirt.state");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
    sim.pass(10s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, {}), Instant::max());
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtState, IsUnknownWithoutLibvirt) {
    ProbeFixture sim("libvirt.state");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    ASSERT_FALSE(sim.notebook.errors.empty());
    EXPECT_EQ(sim.notebook.errors.back().kind, ErrorKind::unavailable);
    ASSERT_TRUE(sim.host->start_service("libvirtd"));
    sim.pass(200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

}  // namespace
}  // namespace ordeal
