#include "reports/equivalence.hpp"

#include "core/statistics.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ordeal::reports {
namespace {

/// Both bounds, each one-sided at 97.5 %.
statistics::Bounds failure_rate(const Counts& counts) {
    const auto decided = counts.pass + counts.fail;
    const bool edge = counts.fail == 0 || counts.fail == decided;
    return statistics::proportion_bounds(counts.fail, decided, edge ? 0.975 : 0.95);
}

std::string failed_of(const Counts& counts) {
    auto text = fmt::format("{} of {} trials", counts.fail, counts.pass + counts.fail);
    if (counts.inconclusive != 0) {
        text += fmt::format(" ({} inconclusive left out)", counts.inconclusive);
    }
    return text;
}

double margin_of(const CheckSummary& check) {
    const auto figure = check.figures.find("margin");
    return figure == check.figures.end() || figure->second.values.empty()
               ? 0
               : std::ranges::max(figure->second.values);
}

void compare_checks(const CellSummary& a, const CellSummary& b, std::vector<Equivalence>& found) {
    for (const auto& in_a : a.checks) {
        const auto in_b = std::ranges::find(b.checks, in_a.check, &CheckSummary::check);
        const auto margin = margin_of(in_a);
        if (in_b == b.checks.end() || margin <= 0) {
            continue;
        }
        const auto rate_a = failure_rate(in_a.trials);
        const auto rate_b = failure_rate(in_b->trials);
        found.push_back({.check = in_a.check,
                         .a = &a,
                         .b = &b,
                         .in_a = in_a.trials,
                         .in_b = in_b->trials,
                         .margin = margin,
                         .low = rate_a.low - rate_b.high,
                         .high = rate_a.high - rate_b.low});
    }
}

}  // namespace

std::string Equivalence::sentence() const {
    return fmt::format(
        "{} and {} {} equivalent within ±{:.0f} percentage points by {}: it failed in {} and in "
        "{}; "
        "the rates differ by {:+.1f} to {:+.1f} points (unit: a trial; two one-sided tests at 5 % "
        "each, of exact bounds)",
        a->variant(),
        b->variant(),
        shown() ? "are" : "are not shown to be",
        margin * 100,
        check,
        failed_of(in_a),
        failed_of(in_b),
        low * 100,
        high * 100);
}

std::vector<Equivalence> equivalences(const RunSummary& summary) {
    std::vector<Equivalence> found;
    for (const auto& a : summary.cells) {
        std::vector<const CellSummary*> cells;
        for (const auto& each : summary.cells) {
            if (each.name == a.name) {
                cells.push_back(&each);
            }
        }
        if (cells.size() == 2 && cells[0] == &a) {
            compare_checks(*cells[0], *cells[1], found);
        }
    }
    return found;
}

}  // namespace ordeal::reports
