#include "reports/matrix.hpp"

#include "reports/matrix_files.hpp"
#include "tests/reports/synthetic.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace ordeal::reports {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const MatrixRow& row_of(const Matrix& matrix, std::string_view label) {
    return *std::ranges::find(matrix.rows, label, &MatrixRow::label);
}

const ObserverTotal& total_of(const Matrix& matrix, std::string_view observer) {
    return *std::ranges::find(matrix.observers, observer, &ObserverTotal::observer);
}

/// A matrix made by hand: each text tells of one outage for each observer, in order: a digit is a
/// latency in seconds, '-' is never.
Matrix hand_made(const std::vector<std::string>& observers,
                 const std::vector<std::pair<std::string, std::vector<std::string>>>& faults) {
    Matrix matrix{.within = 5, .runs = {"r"}};
    for (const auto& observer : observers) {
        matrix.observers.push_back({.observer = observer});
    }
    for (const auto& [label, outages] : faults) {
        MatrixRow row{.label = label, .outages = outages.size()};
        for (std::size_t trial = 0; trial < outages.size(); ++trial) {
            for (std::size_t i = 0; i < observers.size(); ++i) {
                const char c = outages[trial][i];
                row.entries[observers[i]].noticed[{static_cast<std::int64_t>(trial), "vm", 0}] =
                    c == '-' ? std::nullopt : std::optional<double>(c - '0');
            }
        }
        matrix.rows.push_back(row);
    }
    choose_observers(matrix);
    return matrix;
}

TEST(Matrix, HasARowForEachFaultAndVariantOfAllRuns) {
    const auto matrix = matrix_of({synthetic::frozen_run(), synthetic::panic_run()}, 5s);
    std::vector<std::string> labels;
    for (const auto& row : matrix.rows) {
        labels.push_back(row.label);
    }
    EXPECT_THAT(
        labels,
        ElementsAre("qemu.stop", "guest.panic · pvpanic = true", "guest.panic · pvpanic = false"));
    EXPECT_EQ(matrix.rows[0].run, 0U);
    EXPECT_EQ(matrix.rows[2].run, 1U);
    EXPECT_EQ(matrix.rows[2].cell, 1U);
}

TEST(Matrix, ShowsThatLibvirtsStateNeverTellsAFrozenDomain) {
    const auto matrix = matrix_of({synthetic::frozen_run()}, 5s);
    const auto& row = row_of(matrix, "qemu.stop");
    EXPECT_EQ(row.outages, 5U);
    const auto& blind = row.entries.at("libvirt.state");
    EXPECT_EQ(entry_text(row, blind), "never in 5");
    EXPECT_EQ(bound_text(blind), "");
    EXPECT_FALSE(blind.always(1000));
    EXPECT_GT(blind.alive_impaired, 15s);
    const auto& sees = row.entries.at("agent.heartbeat");
    EXPECT_TRUE(sees.always(5));
    EXPECT_FALSE(sees.always(0.001));
    // The upper bound at 95 % of the median of five is the slowest of them.
    EXPECT_EQ(bound_text(sees), "≤ " + duration_text(std::ranges::max(sees.latencies.measured)));
    EXPECT_EQ(total_of(matrix, "libvirt.state").never, 1U);
    EXPECT_EQ(total_of(matrix, "agent.heartbeat").always, 1U);
}

TEST(Matrix, LeavesOutTrialsWhoseFaultWasNotProved) {
    auto run = synthetic::mixed_run();
    const auto matrix = matrix_of({run}, 5s);
    const auto& row = matrix.rows.at(0);
    EXPECT_EQ(row.trials.all(), 20U);
    EXPECT_EQ(row.proved, 19U);
    EXPECT_THAT(row.entries.at("agent.heartbeat").noticed,
                Not(Contains(testing::Key(testing::Field(&OutageKey::trial, 10)))));
}

TEST(Matrix, LeavesOutTrialsThatNeverCameToTheirFault) {
    auto run = synthetic::frozen_run();
    std::vector<Event> before_the_fault;
    for (const auto& each : run.trials[0].history.all()) {
        if (!each.kind.starts_with("fault.")) {
            before_the_fault.push_back(each);
        }
    }
    run.trials[0].history = History(before_the_fault);
    EXPECT_EQ(matrix_of({run}, 5s).rows.at(0).proved, 4U);

    // Where none came to it, the row is no control either.
    run.trials.resize(1);
    run.experiments.at(0).text = "[[fault]]\nkind = \"qemu.stop\"\n";
    const auto matrix = matrix_of({run}, 5s);
    EXPECT_FALSE(matrix.rows.at(0).control);
    EXPECT_EQ(matrix.rows[0].proved, 0U);
}

TEST(Matrix, CallsNobodyQuietWhereNobodyKnowsWhetherTheServiceWentOn) {
    MatrixRow row{.label = "x"};
    const MatrixEntry entry{.trials = 1};
    EXPECT_EQ(entry_text(row, entry), "quiet");
    row.unclear = 1;
    EXPECT_EQ(entry_text(row, entry), "?");
}

TEST(Matrix, ChoosesTheFewestObserversThatCatchAll) {
    // A greedy choice takes a first and needs three.
    const auto matrix = hand_made({"a", "b", "c"},
                                  {{"1", {"11-"}},
                                   {"2", {"11-"}},
                                   {"3", {"1-1"}},
                                   {"4", {"1-1"}},
                                   {"5", {"-1-"}},
                                   {"6", {"--1"}}});
    EXPECT_THAT(matrix.best.observers, ElementsAre("b", "c"));
    EXPECT_EQ(matrix.best.catches.size(), 6U);
    EXPECT_THAT(matrix.uncaught, IsEmpty());
    EXPECT_THAT(matrix.each.at("6").observers, ElementsAre("c"));
}

TEST(Matrix, CatchesOnlyWhatIsNoticedEveryTimeAndInTime) {
    const auto matrix = hand_made({"a", "b"}, {{"late", {"9-"}}, {"flaky", {"1-", "--"}}});
    EXPECT_THAT(matrix.best.observers, IsEmpty());
    EXPECT_THAT(matrix.uncaught, ElementsAre("late", "flaky"));
    EXPECT_THAT(advice(matrix), HasSubstr("No observer here notices any of the 2 faults"));
}

TEST(Matrix, TwoThatNoticeInTurnCatchTogether) {
    const auto matrix = hand_made({"a", "b"}, {{"turns", {"1-", "-1"}}});
    EXPECT_THAT(matrix.each.at("turns").observers, ElementsAre("a", "b"));
    EXPECT_EQ(advice(matrix), "a + b catch 1 of 1 fault within 5 s, every time.");
}

TEST(Matrix, OfTwoAsGoodTheOneWithoutFalseAlarmsThenTheFasterIsChosen) {
    auto matrix = hand_made({"a", "b"}, {{"x", {"12"}}});
    EXPECT_THAT(matrix.best.observers, ElementsAre("a"));
    matrix.rows[0].entries["a"].false_alarms = 1;
    matrix.each.clear();
    choose_observers(matrix);
    EXPECT_THAT(matrix.best.observers, ElementsAre("b"));
}

TEST(Matrix, TellsOfUncaughtFaultsInItsAdvice) {
    const auto matrix = hand_made({"a"}, {{"seen", {"1"}}, {"unseen", {"-"}}});
    EXPECT_EQ(
        advice(matrix),
        "a catches 1 of 2 faults within 5 s, every time; nothing here always catches unseen.");
}

TEST(Matrix, WritesAllItsFormats) {
    const auto matrix = matrix_of({synthetic::frozen_run(), synthetic::panic_run()}, 5s);
    const auto html = matrix_html(matrix, {"report.html", "../other/report.html"});
    EXPECT_THAT(html, HasSubstr("<td class=\"never\">never in 5"));
    EXPECT_THAT(html, HasSubstr("href=\"./report.html#trial-1\""));
    EXPECT_THAT(html, HasSubstr("href=\"./../other/report.html#cell-1\""));
    EXPECT_THAT(matrix_markdown(matrix), HasSubstr("never in 5"));
    const auto csv = matrix_csv(matrix);
    const auto lines = std::ranges::count(csv, '\n');
    std::size_t entries = 0;
    for (const auto& row : matrix.rows) {
        entries += row.entries.size() + row.deciders.size();
    }
    EXPECT_EQ(static_cast<std::size_t>(lines), entries + 1);
    EXPECT_THAT(matrix_json(matrix), HasSubstr("\"fault\": \"qemu.stop\""));
}

TEST(Matrix, ShowsWhatWouldBeDoneOnLibvirtsWordAndKeepsItApart) {
    const auto matrix = matrix_of({synthetic::frozen_run(), synthetic::panic_run()}, 5s);
    const auto said = [&](std::string_view label, const std::string& decider) {
        const auto& row = row_of(matrix, label);
        return decision_text(row, decider, row.deciders.at(decider));
    };
    EXPECT_EQ(said("qemu.stop", "pacemaker.virtualdomain"), "calls it healthy");
    EXPECT_EQ(said("qemu.stop", "fence_virsh.status"), "says on, would destroy it");
    EXPECT_THAT(said("guest.panic · pvpanic = true", "script.domstate"),
                testing::MatchesRegex("would start it, .+ ms"));
    EXPECT_THAT(said("guest.panic · pvpanic = true", "fence_virsh.status"),
                HasSubstr("would send nothing"));
    EXPECT_EQ(std::ranges::count(matrix.observers, "script.domstate", &ObserverTotal::observer), 0);
    EXPECT_EQ(matrix.deciders.size(), 3U);
    EXPECT_THAT(matrix_html(matrix, {"a.html", "b.html"}), HasSubstr("would send nothing"));
    EXPECT_THAT(matrix_markdown(matrix), HasSubstr("calls it healthy"));
    EXPECT_THAT(matrix_csv(matrix), HasSubstr("decider,\"pacemaker.virtualdomain\""));
    EXPECT_THAT(matrix_json(matrix), HasSubstr("\"decision\": \"calls it healthy\""));
}

TEST(Matrix, SaysWhatADeciderWouldDoToAServiceThatGoesOn) {
    MatrixRow row{.label = "x"};
    MatrixEntry entry{.trials = 5};
    EXPECT_EQ(decision_text(row, "script.domstate", entry), "leaves it alone");
    entry.false_alarms = 2;
    EXPECT_EQ(decision_text(row, "script.domstate", entry), "would start it: in 2 of 5");
    entry = {.trials = 1};
    row.unclear = 1;
    EXPECT_EQ(decision_text(row, "script.domstate", entry), "?");
}

TEST(Matrix, EscapesWhatComesFromARun) {
    const auto run = synthetic::hostile_run();
    const auto matrix = matrix_of({run}, 5s);
    const auto html = matrix_html(matrix, {"report.html"});
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("<img")));
}

}  // namespace
}  // namespace ordeal::reports
