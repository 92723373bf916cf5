#include "core/service.hpp"
#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

std::vector<Request> requests_in(const Notebook& notebook) {
    return requests_of(History(notebook.notes));
}

TEST(ServiceRequests, RecordsEveryOneOfThem) {
    ProbeFixture sim("service.requests");
    sim.watch();
    sim.pass(10s);
    sim.stop_watching();
    const auto requests = requests_in(sim.notebook);
    ASSERT_NEAR(static_cast<double>(requests.size()), 500, 2);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(requests[i].server, "vm");
        // The first one comes at once, the others at whole multiples of the interval.
        EXPECT_EQ(i < 2 ? 20ms : requests[i].sent - requests[i - 1].sent, 20ms);
    }
    EXPECT_LE(sim.notebook.notes.size(), 12U);  // and not an event for each
}

TEST(ServiceRequests, SaysDeadWhenThreeWereGivenUp) {
    ProbeFixture sim("service.requests");
    const auto struck = sim.watch_a_while();
    sim.vm().hang();
    sim.pass(3s);
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 1s);  // the deadline of a request
    EXPECT_LE(latency, 1s + 100ms);
    EXPECT_LE(sim.notebook.remarks.back().last_seen, struck + 20ms);
}

TEST(ServiceRequests, TellsWhoAnswersAfterATakeover) {
    ProbeFixture sim("service.requests", {.name = "vm"}, {"n1", "n2"});
    sim.add_member("vn");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::kill));
    const auto struck = sim.scheduler.now();
    sim.pass(5s);
    sim.stop_watching();
    EXPECT_EQ(sim.notebook.remarks.back().detail, "vn answers");
    const auto outages = outages_of(requests_in(sim.notebook), 1s);
    ASSERT_EQ(outages.size(), 1U);
    EXPECT_EQ(outages[0].before, "vm");
    EXPECT_EQ(outages[0].after, "vn");
    EXPECT_NEAR(seconds(outages[0].from - struck), 0, 0.021);
    EXPECT_NEAR(seconds(outages[0].length({})), 0.5, seconds(outages[0].uncertainty));
    EXPECT_LE(outages[0].uncertainty, 50ms);
}

TEST(ServiceRequests, IsUnknownUntilSomebodyAnswers) {
    ProbeFixture sim("service.requests");
    sim.vm().set_network(false);
    sim.watch();
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, {}), Instant::max());
}

TEST(ServiceRequests, TakesARefusalForNoAnswer) {
    ProbeFixture sim("service.requests");
    const auto struck = sim.watch_a_while();
    sim.vm().set_servers(false);
    sim.pass(1s);
    EXPECT_LE(sim.notebook.first(Opinion::dead, struck) - struck, 100ms);
}

}  // namespace
}  // namespace ordeal
