#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkHttp, SaysDeadAfterThreeInARowWithoutAnAnswer) {
    ProbeFixture sim("network.http");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().set_network(false);
    sim.pass(5s);
    const auto interval = sim.params.get<Duration>("interval");
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 2 * interval);
    EXPECT_LE(latency, 4 * interval);
}

TEST(NetworkHttp, TakesNoErrorForAnAnswer) {
    ProbeFixture sim("network.http");
    const auto before = sim.watch_a_while();
    sim.vm().set_answer("HTTP/1.0 503 Service Unavailable");
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    EXPECT_LE(sim.notebook.first(Opinion::dead, before) - before, 260ms);
    sim.vm().set_answer("HTTP/1.1 204 No Content");
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

}  // namespace
}  // namespace ordeal
