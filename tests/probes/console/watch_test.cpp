#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(ConsoleWatch, SaysDeadOnAPanicUntilTheNextHello) {
    ProbeFixture sim("console.watch");
    const auto struck = sim.watch_a_while();
    ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
    sim.vm().panic();
    sim.pass(1ms);
    EXPECT_EQ(sim.notebook.first(Opinion::dead, struck), struck);
    EXPECT_EQ(sim.notebook.notes.front().data.get<std::string>("class"), "panic");
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    ASSERT_TRUE(sim.host->hypervisor().start("vm"));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    sim.pass(4s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(ConsoleWatch, ClassifiesWhatTheKernelSays) {
    const std::vector<std::pair<std::string, std::string>> lines{
        {"Oops: 0002 [#1] PREEMPT SMP NOPTI", "oops"},
        {"BUG: kernel NULL pointer dereference, address: 0000000000000000", "oops"},
        {"watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [sh:1]", "hung_task"},
        {"INFO: task jbd2/vda-8:71 blocked for more than 120 seconds.", "hung_task"},
        {"I/O error, dev vda, sector 2048 op 0x1:(WRITE) flags 0x800", "io_error"},
        {"Buffer I/O error on dev vda, logical block 7, lost sync page write", "io_error"},
        {"EXT4-fs (vda): Remounting filesystem read-only", "remounted_read_only"},
        {"XFS (vda): Filesystem has been shut down due to log error (0x2).", "remounted_read_only"},
        {"Kernel panic - not syncing: Attempted to kill init!", "panic"}};
    ProbeFixture sim("console.watch");
    sim.watch_a_while();
    for (const auto& [line, name] : lines) {
        EXPECT_EQ(sim.notebook.opinion(), Opinion::alive) << line;
        sim.vm().say("[    4.223] " + line);
        sim.pass(2s);
        ASSERT_FALSE(sim.notebook.notes.empty());
        EXPECT_EQ(sim.notebook.notes.back().data.get<std::string>("class"), name) << line;
    }
    EXPECT_EQ(sim.notebook.notes.size(), lines.size());
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
}

TEST(ConsoleWatch, PassesOverEverythingElse) {
    ProbeFixture sim("console.watch");
    sim.watch_a_while();
    for (const auto* line : {"", "EXT4-fs (vda): mounted filesystem", "debugging: 5", "panic=1"}) {
        sim.vm().say(line);
    }
    sim.pass(1s);
    EXPECT_TRUE(sim.notebook.notes.empty());
    EXPECT_EQ(sim.notebook.remarks.back().detail, "no panic");
}

}  // namespace
}  // namespace ordeal
