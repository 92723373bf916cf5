#include "campaign/following_host.hpp"
#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtEvents, HearsOfAKilledQemuAtOnce) {
    ProbeFixture sim("libvirt.events");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::kill));
    sim.pass(1s);
    EXPECT_LE(sim.notebook.first(Opinion::dead, struck) - struck, 25ms);
    EXPECT_EQ(sim.notebook.remarks.back().detail, "stopped (failed)");
}

TEST(LibvirtEvents, FollowsSuspendAndResume) {
    ProbeFixture sim("libvirt.events");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
    sim.pass(10ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    ASSERT_TRUE(sim.host->hypervisor().resume("vm"));
    sim.pass(10ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtEvents, HearsOfAPanicOnlyWithPvpanic) {
    for (const bool pvpanic : {true, false}) {
        ProbeFixture sim("libvirt.events", {.name = "vm", .pvpanic = pvpanic});
        sim.watch_a_while();
        sim.vm().panic();
        sim.pass(5s);
        EXPECT_EQ(sim.notebook.opinion(), pvpanic ? Opinion::dead : Opinion::alive);
    }
}

TEST(LibvirtEvents, AsksAfterALostConnectionWhatItMissed) {
    ProbeFixture sim("libvirt.events");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(100ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_EQ(sim.notebook.errors.size(), 1U);
    sim.vm().destroy();
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    ASSERT_TRUE(sim.host->start_service("libvirtd"));
    sim.pass(100ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
}

TEST(LibvirtEvents, SubscribesOnceLibvirtIsThere) {
    ProbeFixture sim("libvirt.events");
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(100ms);
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    ASSERT_TRUE(sim.host->start_service("libvirtd"));
    sim.pass(1200ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtEvents, AsksForTheStateWhenTooManyEventsCame) {
    ProbeFixture sim("libvirt.events");
    sim.watch_a_while();
    for (int event = 0; event < 1000; ++event) {
        sim.vm().on_event.call({.domain = "vm", .event = "stopped", .detail = "never"});
    }
    sim.pass(100ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    EXPECT_LT(sim.notebook.remarks.size(), 200U);
}

TEST(LibvirtEvents, HearsOfADomainThatMovedFromItsNewHost) {
    ProbeFixture sim("libvirt.events", {.name = "vm"}, {"n1", "n2"});
    auto& first = *sim.host;
    auto& second = **sim.testbed.host("n2");
    FollowingHost following(sim.testbed, "vm", first);
    sim.host = &following;
    sim.watch_a_while();
    ASSERT_TRUE(first.hypervisor().migrate("vm", {.host = "n2"}, 5s));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    const auto struck = sim.scheduler.now();
    ASSERT_TRUE(second.signal(*second.qemu_process("vm"), Signal::kill));
    sim.pass(1s);
    EXPECT_LE(sim.notebook.first(Opinion::dead, struck) - struck, 25ms);
    EXPECT_EQ(sim.notebook.remarks.back().detail, "stopped (failed)");
    sim.stop_watching();
}

}  // namespace
}  // namespace ordeal
