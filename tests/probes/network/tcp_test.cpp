#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkTcp, SaysDeadAfterThreeInARowWithoutAnAnswer) {
    ProbeFixture sim("network.tcp");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().set_network(false);
    sim.pass(5s);
    const auto interval = sim.params.get<Duration>("interval");
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 2 * interval);
    EXPECT_LE(latency, 4 * interval);
}

TEST(NetworkTcp, DoesNotSeeThatTheAgentIsDead) {
    ProbeFixture sim("network.tcp");
    sim.watch_a_while();
    sim.vm().kill_agent();
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(NetworkTcp, CallsAServerThatHasEndedDeadButNotOneThatNeverWas) {
    for (const bool was_there : {true, false}) {
        ProbeFixture sim("network.tcp");
        sim.vm().set_servers(was_there);
        sim.watch_a_while();
        sim.vm().set_servers(false);
        sim.pass(3s);
        EXPECT_EQ(sim.notebook.opinion(), was_there ? Opinion::dead : Opinion::unknown);
        EXPECT_EQ(sim.notebook.errors.empty(), was_there);
    }
}

}  // namespace
}  // namespace ordeal
