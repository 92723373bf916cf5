#include "reports/markdown.hpp"

#include "reports/crash_states.hpp"
#include "reports/equivalence.hpp"
#include "reports/escape.hpp"
#include "reports/file.hpp"
#include "reports/put.hpp"
#include "reports/summary.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace ordeal::reports {
namespace {

constexpr std::size_t most_trials = 10;  ///< named in full; the others are counted

void append_observer_table(std::string& out, const CellSummary& cell) {
    if (cell.observers.empty()) {
        return;
    }
    put(out, "\n| observer | noticed | median | range | longest false alive |\n");
    put(out, "|---|--:|--:|--:|--:|\n");
    for (const auto& observer : cell.observers) {
        put(out,
            "| {} | {} of {} | {} | {} | {} |\n",
            markdown(observer.observer),
            observer.noticed(),
            observer.sightings.size(),
            median_text(observer),
            range_text(observer.latencies.measured),
            to_text(observer.longest_false_alive));
    }
}

/// One line a recorded disk, worst trial first.
void append_explorations(std::string& out, const CellSummary& cell) {
    std::size_t lines = 0;
    for (const auto& trial : cell.trials) {
        for (const auto* exploration : explorations(*trial.record)) {
            const auto& facts = exploration->data;
            if (lines++ == 0) {
                put(out,
                    "\n| trial | crash states covered | bad | epochs | atoms | runs | unique "
                    "images | "
                    "by e2fsck | acknowledged | promises broken | time |\n"
                    "|---|---|---|---|---|---|---|---|---|---|---|\n");
            }
            if (lines > most_trials) {
                return;
            }
            put(out,
                "| {} | {} of {}, {} | {} | {} | {} | {} | {} | {} | {} | {} of {} | {} |\n",
                trial.record->number,
                markdown(facts.get<std::string>("covered")),
                markdown(facts.get<std::string>("possible")),
                facts.get<bool>("complete") ? "complete" : "partial",
                markdown(bad_text(facts)),
                facts.get<std::int64_t>("epochs"),
                facts.get<std::int64_t>("atoms"),
                facts.get<std::int64_t>("runs"),
                facts.get<std::int64_t>("unique_images"),
                facts.get<std::int64_t>("refereed"),
                facts.get<std::int64_t>("acknowledged"),
                facts.get<std::int64_t>("promises_broken"),
                facts.get<std::int64_t>("promises_checked"),
                to_text(facts.get<Duration>("took")));
        }
    }
}

void append_trials(std::string& out, const CellSummary& cell) {
    std::size_t named = 0;
    for (const auto& trial : cell.trials) {
        const auto& record = *trial.record;
        if (record.verdict == Verdict::pass) {
            break;
        }
        if (named++ == most_trials) {
            put(out,
                "- … and {} more\n",
                cell.counts.fail + cell.counts.inconclusive - most_trials);
            break;
        }
        put(out,
            "{}- trial {} {}: {} (seed {})\n",
            named == 1 ? "\n" : "",
            record.number,
            record.verdict == Verdict::fail ? "failed" : "is inconclusive",
            markdown(record.reason),
            record.seed);
    }
}

}  // namespace

std::string render_markdown(const RunRecord& run) {
    const auto summary = summarize(run);
    std::string out;
    put(out,
        "## {} {}\n\n{}.\n",
        glyph(run.residue ? Verdict::fail : run.verdict()),
        markdown(summary.headline()),
        markdown(summary.tally()));
    if (!run.stop_reason.empty()) {
        put(out, "\nThe run ended early: {}.\n", markdown(run.stop_reason));
    }
    for (const auto& each : equivalences(summary)) {
        put(out, "\n{}.\n", markdown(each.sentence()));
    }
    for (const auto& cell : summary.cells) {
        put(out, "\n### {}\n\n", markdown(cell.label()));
        if (cell.experiment != nullptr && !cell.experiment->question.empty()) {
            put(out, "{}\n\n", markdown(cell.experiment->question));
        }
        for (const auto& check : cell.checks) {
            const auto grades = check.grades();
            put(out,
                "- {} {}{}\n",
                glyph(check.verdict()),
                markdown(check.sentence()),
                grades.empty() ? "" : markdown(" " + grades + "."));
        }
        append_observer_table(out, cell);
        append_explorations(out, cell);
        append_trials(out, cell);
    }
    put(out, "\nRepeat: {}\n", markdown(command_text(run)));
    return out;
}

Status write_markdown(const RunRecord& run, const std::filesystem::path& path) {
    return write_file(path, render_markdown(run));
}

}  // namespace ordeal::reports
