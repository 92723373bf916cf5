#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LoadProgress, SaysDeadAtTheInstantTheLoadCountsAsStalled) {
    ProbeFixture sim("load.progress");
    sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
    sim.pass(3s);
    const auto& last = sim.notebook.remarks.back();
    ASSERT_EQ(last.opinion, Opinion::dead);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, {}), *last.last_seen + 1s);
}

TEST(LoadProgress, CountsAcknowledgedRecords) {
    ProbeFixture sim("load.progress");
    sim.watch_a_while();
    EXPECT_NEAR(
        static_cast<double>(sim.notebook.remarks.back().facts.get<std::int64_t>("acknowledged")),
        200,
        30);  // it speaks every 100 ms
}

TEST(LoadProgress, HasNoOpinionWithoutALoad) {
    ProbeFixture sim("load.progress");
    ASSERT_TRUE(sim.guest->stop_load(1s));
    sim.watch_a_while();
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    ASSERT_TRUE(sim.guest->start_load({}, 1s));
    sim.pass(500ms);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
    ASSERT_TRUE(sim.guest->stop_load(1s));
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, {}), Instant::max());
}

TEST(LoadProgress, SaysDeadWhenTheLoadEndedByItself) {
    ProbeFixture sim(
        "load.progress",
        {.name = "vm", .disks = {{.name = "data", .backing = "local", .werror = "report"}}});
    sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    ASSERT_TRUE(sim.testbed.storage().impose({"n1", "vm", "data"}, "f", {.writes = true}));
    sim.pass(500ms);  // sooner than a stall would be noticed
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    EXPECT_NE(sim.notebook.remarks.back().detail.find("a write failed"), std::string::npos);
}

TEST(LoadProgress, ForgetsTheLoadOfTheBootBefore) {
    ProbeFixture sim("load.progress");
    sim.watch_a_while();
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    sim.pass(2s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    ASSERT_TRUE(sim.host->hypervisor().start("vm"));
    sim.pass(4s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
    EXPECT_EQ(sim.notebook.remarks.back().facts.get<std::int64_t>("acknowledged"), 0);
}

}  // namespace
}  // namespace ordeal
