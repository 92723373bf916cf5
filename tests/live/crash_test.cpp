#include "tests/live/live_run.hpp"

// Recorded disks, in a guest and without one.

namespace ordeal {
namespace {

class LiveCrash : public LiveRun {};

TEST_F(LiveCrash, EveryCrashStateOfAGuestAndOfTheBareHostIsCovered) {
    for (const auto* program : {"nbdkit", "nbdfuse"}) {
        if (!ordeal::run({program, "--version"})) {
            GTEST_SKIP() << "needs " << program;
        }
    }
    auto definitions = shipped("evaluation-2010/filesystem");
    for (auto& cell : definitions.at(0).cells) {
        for (auto& check : cell.checks) {
            if (check.kind == "every_crash_state") {
                check.params.set("budget", Duration(10min));
            }
        }
    }
    const auto record = run(definitions, 1, 1);
    ASSERT_EQ(record.trials.size(), 2U);
    for (const auto& trial : record.trials) {
        SCOPED_TRACE(to_text(trial.cell.all().at("machine")) + ": " + trial.reason);
        EXPECT_EQ(trial.verdict, Verdict::pass);
        const auto* found = trial.history.first(event::examined, "every_crash_state");
        ASSERT_NE(found, nullptr);
        EXPECT_TRUE(found->data.get<bool>("complete"));
        EXPECT_EQ(found->data.get<std::int64_t>("bad_leaves"), 0);
        EXPECT_GT(found->data.get<std::int64_t>("epochs"), 0);
        EXPECT_GT(found->data.get<std::int64_t>("refereed"), 0);
        EXPECT_GT(found->data.get<std::int64_t>("acknowledged"), 0);
        EXPECT_GT(found->data.get<std::int64_t>("promises_checked"), 0);
        const bool is_virtual = to_text(trial.cell.all().at("machine")) == "virtual";
        EXPECT_EQ(trial.history.first(event::write_cache, "qemu") != nullptr, is_virtual);
        EXPECT_EQ(trial.history.first(event::write_cache, "guest") != nullptr, is_virtual);
    }
}

}  // namespace
}  // namespace ordeal
