#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtGuestAgent, SaysDeadAfterThreeUnansweredInARow) {
    ProbeFixture sim("libvirt.guest_agent");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().hang();
    sim.pass(10s);
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 2s);
    EXPECT_LE(latency, 5s);
}

TEST(LibvirtGuestAgent, DoesNotKnowOfOneThatNeverAnswered) {
    ProbeFixture sim("libvirt.guest_agent");
    sim.vm().hang();
    sim.watch_a_while();
    sim.pass(10s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_FALSE(sim.notebook.errors.empty());
}

TEST(LibvirtGuestAgent, KnowsNothingWithoutLibvirtd) {
    ProbeFixture sim("libvirt.guest_agent");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(3s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
}

}  // namespace
}  // namespace ordeal
