#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkSsh, SaysDeadAfterThreeInARowWithoutAnAnswer) {
    ProbeFixture sim("network.ssh");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().set_network(false);
    sim.pass(5s);
    const auto interval = sim.params.get<Duration>("interval");
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 2 * interval);
    EXPECT_LE(latency, 4 * interval);
}

TEST(NetworkSsh, IsNotGreetedByAnotherServer) {
    ProbeFixture sim("network.ssh");
    sim.vm().set_answer("220 mail ESMTP");
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
}

TEST(NetworkSsh, DoesNotKnowOfAGuestWithoutAServer) {
    ProbeFixture sim("network.ssh");
    sim.vm().set_servers(false);
    sim.watch_a_while();
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_FALSE(sim.notebook.errors.empty());
    sim.vm().hang();
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
}

}  // namespace
}  // namespace ordeal
