#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkPing, SaysDeadAfterThreeUnansweredInARow) {
    ProbeFixture sim("network.ping");
    const auto struck = sim.watch_a_while();
    sim.vm().hang();
    sim.pass(2s);
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 300ms);
    EXPECT_LE(latency, 400ms);
}

TEST(NetworkPing, ForgivesASingleLoss) {
    ProbeFixture sim("network.ping");
    const auto before = sim.watch_a_while();
    sim.vm().set_network(false);
    sim.pass(150ms);
    sim.vm().set_network(true);
    sim.pass(2s);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, before), Instant::max());
}

TEST(NetworkPing, DoesNotSeeThatTheAgentIsDead) {
    ProbeFixture sim("network.ping");
    sim.vm().kill_agent();
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(NetworkPing, IsUnknownUntilTheFirstEchoAndThenDead) {
    ProbeFixture sim("network.ping");
    sim.vm().set_network(false);
    const auto now = sim.watch_a_while();
    EXPECT_EQ(sim.notebook.remarks.front().opinion, Opinion::unknown);
    EXPECT_LT(sim.notebook.first(Opinion::dead, {}), now);
    EXPECT_EQ(sim.notebook.first(Opinion::alive, {}), Instant::max());
}

}  // namespace
}  // namespace ordeal
