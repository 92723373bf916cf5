#include "reports/summary.hpp"

#include "tests/reports/synthetic.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace ordeal::reports {
namespace {

using testing::HasSubstr;

const CheckSummary& check_of(const CellSummary& cell, std::string_view name) {
    return *std::ranges::find(cell.checks, name, &CheckSummary::check);
}

const ObserverSummary& observer_of(const CellSummary& cell, std::string_view name) {
    return *std::ranges::find(cell.observers, name, &ObserverSummary::observer);
}

TEST(Summary, StatesNothingInTwentyWithItsBound) {
    const auto run = synthetic::kill_run();
    const auto summary = summarize(run);
    EXPECT_EQ(check_of(summary.cells.at(0), "no_acked_write_lost").sentence(),
              "No acknowledged write was lost in 20 trials: the true rate of failure is at most "
              "13.9 % at 95 % confidence.");
    EXPECT_EQ(summary.headline(), "Everything held in all 20 trials.");
}

TEST(Summary, StatesFailuresWithBothBounds) {
    const auto run = synthetic::mixed_run();
    const auto summary = summarize(run);
    // R: binom.test(2, 20)$conf.int = 0.01234853 0.31698271
    EXPECT_EQ(check_of(summary.cells.at(0), "no_acked_write_lost").sentence(),
              "Acknowledged writes were lost in 2 of 20 trials: the true rate is between 1.23 % "
              "and 31.7 % at 95 % confidence.");
    EXPECT_EQ(summary.headline(), "Not acceptable as tested: 2 of 20 trials failed.");
    EXPECT_EQ(summary.tally(), "20 trials: 2 failed, 1 inconclusive, 17 passed");
}

TEST(Summary, InconclusiveTrialsAreNotInTheBound) {
    const auto run = synthetic::mixed_run();
    const auto summary = summarize(run);
    const auto& agrees = check_of(summary.cells.at(0), "state_agrees");
    EXPECT_EQ(agrees.trials.pass, 19U);
    EXPECT_THAT(agrees.sentence(), HasSubstr("in 19 trials"));
    EXPECT_THAT(agrees.sentence(), HasSubstr("1 trial could not tell"));
}

TEST(Summary, PutsFailuresFirstThenInconclusive) {
    const auto run = synthetic::mixed_run();
    const auto summary = summarize(run);
    std::vector<std::int64_t> numbers;
    for (const auto& trial : summary.cells.at(0).trials) {
        numbers.push_back(trial.record->number);
    }
    EXPECT_THAT(numbers,
                testing::ElementsAre(
                    7, 14, 10, 1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 15, 16, 17, 18, 19, 20));
}

TEST(Summary, ABlindObserverIsLastAndNever) {
    const auto run = synthetic::frozen_run();
    const auto summary = summarize(run);
    const auto& cell = summary.cells.at(0);
    const auto& blind = observer_of(cell, "libvirt.state");
    EXPECT_EQ(blind.noticed(), 0U);
    EXPECT_EQ(blind.latencies.censored, 5U);
    EXPECT_GT(blind.longest_false_alive, std::chrono::milliseconds(3900));
    EXPECT_EQ(cell.observers.back().noticed(), 0U);
    EXPECT_EQ(cell.observers.front().observer, "qemu.process");
}

TEST(Summary, OneLineForAllDomainsOneForEachObserver) {
    const auto run = synthetic::kill_run();
    const auto summary = summarize(run);
    std::vector<std::string> lines;
    for (const auto& check : summary.cells.at(0).checks) {
        lines.push_back(check.check + "/" + check.subject);
    }
    EXPECT_THAT(lines,
                testing::UnorderedElementsAre("no_acked_write_lost/",
                                              "filesystem_sound/",
                                              "state_agrees/libvirt.state",
                                              "state_agrees/agent.heartbeat"));
    EXPECT_EQ(check_of(summary.cells.at(0), "filesystem_sound").grades(),
              "Grade: journal replayed in 20 trials");
}

TEST(Summary, NamesDomainsOnlyWhereThereAreSeveral) {
    auto run = synthetic::kill_run();
    for (auto& trial : run.trials) {
        for (auto& finding : trial.findings) {
            finding.subject = finding.check == "no_acked_write_lost" ? "vm" : finding.subject;
        }
    }
    EXPECT_EQ(check_of(summarize(run).cells.at(0), "no_acked_write_lost").subject, "");
    for (auto& trial : run.trials) {
        trial.findings.push_back(
            {.check = "no_acked_write_lost", .subject = "other", .verdict = Verdict::pass});
    }
    const auto summary = summarize(run);
    std::vector<std::string> sentences;
    for (const auto& check : summary.cells.at(0).checks) {
        sentences.push_back(check.sentence());
    }
    EXPECT_THAT(sentences,
                testing::IsSupersetOf({HasSubstr("No acknowledged write was lost (vm) in 20"),
                                       HasSubstr("No acknowledged write was lost (other) in 20")}));
}

TEST(Summary, NamesObserversThatWereJudgedAsOneEvenWhereTheyAreTheOnlySubject) {
    auto run = synthetic::kill_run();
    for (auto& trial : run.trials) {
        std::erase_if(trial.findings, [](const Finding& each) {
            return each.check == "state_agrees" && each.subject != "agent.heartbeat";
        });
        for (auto& finding : trial.findings) {
            if (finding.check == "state_agrees") {
                finding.subject = "agent.heartbeat + load.progress";
            }
        }
    }
    const auto summary = summarize(run);
    EXPECT_EQ(check_of(summary.cells.at(0), "state_agrees").subject,
              "agent.heartbeat + load.progress");
}

TEST(Summary, AddsUpFiguresOverTrials) {
    const auto run = synthetic::mixed_run();
    const auto summary = summarize(run);
    const auto& ledger = check_of(summary.cells.at(0), "no_acked_write_lost");
    EXPECT_EQ(ledger.figures.at("lost").total, 6);
    EXPECT_EQ(ledger.figures.at("lost").trials, 20U);
}

TEST(Summary, ComparesCellsOnlyWhereTheyDiffer) {
    const auto run = synthetic::panic_run();
    const auto summary = summarize(run);
    ASSERT_EQ(summary.cells.size(), 2U);
    EXPECT_EQ(summary.cells[0].label(), "panic · pvpanic = true");
    const auto comparisons = compare_cells(summary);
    ASSERT_EQ(comparisons.size(), 2U);
    for (const auto& each : comparisons) {
        EXPECT_THAT(each.observer, testing::StartsWith("libvirt."));
        // 6 of 6 against 0 of 6: one of the C(12, 6) = 924 tables on each side.
        EXPECT_NEAR(each.noticed_p, 2.0 / 924, 1e-9);
    }
}

TEST(Summary, AnInterruptedRunIsNoVerdict) {
    const auto run = synthetic::interrupted_run();
    const auto summary = summarize(run);
    EXPECT_THAT(summary.headline(), HasSubstr("ended after 7 of 20 trials"));
    EXPECT_THAT(summary.tally(), HasSubstr("7 of 20 planned trials"));
}

TEST(Summary, NothingFinishedIsNoPass) {
    RunRecord run;
    run.planned_trials = 3;
    EXPECT_THAT(summarize(run).headline(), HasSubstr("nothing can be said"));
}

TEST(Summary, ResidueBeatsAll) {
    auto run = synthetic::kill_run();
    run.residue = true;
    EXPECT_THAT(summarize(run).headline(), HasSubstr("ordeal rollback"));
}

TEST(Summary, CommandRepeatsTheRun) {
    auto run = synthetic::kill_run();
    EXPECT_EQ(command_text(run), "ordeal run experiments/quickstart/kill-qemu.toml --seed 4242");
    run.command_line = {"ordeal", "run", "my file.toml", "it's", "--seed=7"};
    EXPECT_EQ(command_text(run), "ordeal run 'my file.toml' 'it'\\''s' --seed=7");
}

TEST(Summary, PercentNeverRoundsToCertainty) {
    EXPECT_EQ(percent(0.139), "13.9 %");
    EXPECT_EQ(percent(0.99986), "99.99 %");
    EXPECT_EQ(percent(1), "100 %");
}

}  // namespace
}  // namespace ordeal::reports
