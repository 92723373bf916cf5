#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtIoErrors, HearsItsEventAtOnceUntilItIsOver) {
    ProbeFixture sim("libvirt.io_errors");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().on_event.call({.domain = "vm", .event = "io_error", .detail = "why"});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, struck), struck);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::string>("detail"), "why");
    sim.vm().on_event.call({.domain = "vm", .event = "resumed", .detail = ""});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtIoErrors, HearsNoOtherEvent) {
    ProbeFixture sim("libvirt.io_errors");
    sim.watch_a_while();
    sim.vm().on_event.call({.domain = "vm", .event = "watchdog", .detail = ""});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtIoErrors, DoesNotKnowWithoutAConnection) {
    ProbeFixture sim("libvirt.io_errors");
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
