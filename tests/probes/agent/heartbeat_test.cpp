#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(AgentHeartbeat, SaysDeadThreeIntervalsAfterTheLastBeat) {
    ProbeFixture sim("agent.heartbeat");
    sim.watch_a_while();
    const auto last = sim.notebook.remarks.back();
    ASSERT_EQ(last.opinion, Opinion::alive);
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::kill));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, last.at), *last.last_seen + 300ms);
    EXPECT_EQ(sim.notebook.remarks.back().last_seen, last.last_seen);
}

TEST(AgentHeartbeat, MeasuresLatencyToTwoIntervalsWheneverTheFaultStrikes) {
    for (Duration phase = 0ms; phase < 100ms; phase += 7ms) {
        ProbeFixture sim("agent.heartbeat");
        sim.params.set("threshold", std::int64_t{2});
        sim.watch_a_while();
        sim.pass(phase);
        const auto struck = sim.scheduler.now();
        ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
        sim.pass(1s);
        const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
        EXPECT_GT(latency, 0ms);
        EXPECT_LE(latency, 201ms);
    }
}

TEST(AgentHeartbeat, ComesBackWithTheGuest) {
    ProbeFixture sim("agent.heartbeat");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    sim.pass(1s);
    ASSERT_EQ(sim.notebook.opinion(), Opinion::dead);
    ASSERT_TRUE(sim.host->hypervisor().start("vm"));
    sim.pass(4s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(AgentHeartbeat, SaysDeadOfAGuestThatNeverBeat) {
    ProbeFixture sim("agent.heartbeat");
    sim.vm().kill_agent();
    sim.pass(1s);
    const auto begin = sim.scheduler.now();
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.remarks.front().opinion, Opinion::unknown);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, begin), begin + 300ms);
}

TEST(AgentHeartbeat, DoesNotNeedTheNetworkOrLibvirt) {
    ProbeFixture sim("agent.heartbeat");
    sim.vm().set_network(false);
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    const auto now = sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    EXPECT_GT(sim.notebook.first(Opinion::dead, {}), now);
}

}  // namespace
}  // namespace ordeal
