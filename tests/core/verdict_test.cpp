#include "core/check.hpp"
#include "core/run_record.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

TEST(Verdict, FailBeatsInconclusiveBeatsPass) {
    using enum Verdict;
    EXPECT_EQ(combine({pass, pass}), pass);
    EXPECT_EQ(combine({pass, inconclusive}), inconclusive);
    EXPECT_EQ(combine({inconclusive, fail, pass}), fail);
}

TEST(Verdict, NothingExaminedIsNeverAPass) {
    EXPECT_EQ(combine({}), Verdict::inconclusive);
}

TEST(Verdict, ARunWithMissingTrialsIsNotAPass) {
    RunRecord run;
    run.planned_trials = 2;
    run.trials.push_back({.number = 1, .verdict = Verdict::pass});
    EXPECT_EQ(run.verdict(), Verdict::inconclusive);
    run.trials.push_back({.number = 2, .verdict = Verdict::pass});
    EXPECT_EQ(run.verdict(), Verdict::pass);
}

}  // namespace
}  // namespace ordeal
