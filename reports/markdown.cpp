#include "reports/markdown.hpp"

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
        append_trials(out, cell);
    }
    put(out, "\nRepeat: {}\n", markdown(command_text(run)));
    return out;
}

Status write_markdown(const RunRecord& run, const std::filesystem::path& path) {
    return write_file(path, render_markdown(run));
}

}  // namespace ordeal::reports
