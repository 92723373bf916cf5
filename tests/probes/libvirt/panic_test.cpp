#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtPanic, HearsItsEventAtOnceUntilItIsOver) {
    ProbeFixture sim("libvirt.panic");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().on_event.call({.domain = "vm", .event = "crashed", .detail = "why"});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, struck), struck);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::string>("detail"), "why");
    sim.vm().on_event.call({.domain = "vm", .event = "started", .detail = ""});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtPanic, HearsNoOtherEvent) {
    ProbeFixture sim("libvirt.panic");
    sim.watch_a_while();
    sim.vm().on_event.call({.domain = "vm", .event = "suspended", .detail = ""});
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(LibvirtPanic, DoesNotKnowWithoutAConnection) {
    ProbeFixture sim("libvirt.panic");
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
