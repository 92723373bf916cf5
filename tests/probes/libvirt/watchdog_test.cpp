#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtWatchdog, HearsItsEventAtOnceUntilItIsOver) {
    ProbeFixture sim("libvirt.watchdog");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().on_event.call({.domain = "vm", .event = "watchdog", .detail = "why"});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, struck), struck);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::string>("detail"), "why");
    sim.vm().on_event.call({.domain = "vm", .event = "reboot", .detail = ""});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtWatchdog, HearsNoOtherEvent) {
    ProbeFixture sim("libvirt.watchdog");
    sim.watch_a_while();
    sim.vm().on_event.call({.domain = "vm", .event = "io_error", .detail = ""});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtWatchdog, DoesNotKnowWithoutAConnection) {
    ProbeFixture sim("libvirt.watchdog");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    ASSERT_TRUE(sim.host->start_service("libvirtd"));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

}  // namespace
}  // namespace ordeal
