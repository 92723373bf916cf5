#include "reports/matrix.hpp"

#include "core/toml_reader.hpp"
#include "reports/deciders.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>

namespace ordeal::reports {
namespace {

Duration total(const std::vector<Span>& spans) {
    return std::accumulate(
        spans.begin(), spans.end(), Duration{}, [](Duration sum, const Span& span) {
            return sum + span.length();
        });
}

/// Whether the definition has faults at all; one that cannot be read may have some.
bool plans_faults(const CellSummary& cell) {
    if (cell.experiment == nullptr) {
        return true;
    }
    Diagnostics ignored;
    const auto document = parse_toml(cell.experiment->text, cell.experiment->path, ignored);
    return !document || document->root.find("fault") != nullptr;
}

/// The faults' kinds, and of the matrix values those that do not just name them.
std::string row_label(const CellSummary& cell) {
    std::string kinds;
    for (const auto& fault : cell.faults) {
        kinds += (kinds.empty() ? "" : " + ") + fault.kind;
    }
    std::string label = !kinds.empty()       ? kinds
                        : plans_faults(cell) ? "a fault that never came"
                                             : "no fault";
    for (const auto& [name, value] : cell.cell.all()) {
        const auto text = to_text(value);
        if (text != kinds) {
            label += fmt::format(" · {} = {}", name, text);
        }
    }
    return label;
}

/// Every fault that came in any trial of the cell was seen to act in this one, which had its load.
bool proved(const CellSummary& cell, const TrialSummary& trial) {
    const bool loaded = std::ranges::find(trial.story.phases, phase::load, &PhaseMark::name) !=
                        trial.story.phases.end();
    return loaded && std::ranges::all_of(cell.faults, [&](const FaultSummary& fault) {
               const auto mark = std::ranges::find(trial.story.faults, fault.id, &FaultMark::id);
               return mark != trial.story.faults.end() && mark->active.has_value();
           });
}

void add_lane(MatrixEntry& entry, const Lane& lane, std::int64_t trial) {
    for (std::size_t i = 0; i < lane.noticed_impaired.size(); ++i) {
        const auto& took = lane.noticed_impaired[i];
        const auto latency = took ? std::optional(seconds(*took)) : std::nullopt;
        entry.noticed[{trial, lane.domain, i}] = latency;
        if (latency) {
            entry.latencies.measured.push_back(*latency);
        } else {
            ++entry.latencies.censored;
        }
    }
    entry.alive_impaired += total(lane.alive_impaired);
    entry.false_dead += total(lane.false_dead);
}

/// A trial counts once, however many domains an observer watched in it.
void add_lanes(std::map<std::string, MatrixEntry>& entries,
               const std::vector<Lane>& lanes,
               std::int64_t trial) {
    std::set<std::string> spoke;
    std::set<std::string> cried;
    for (const auto& lane : lanes) {
        add_lane(entries[lane.observer], lane, trial);
        spoke.insert(lane.observer);
        if (lane.false_alarms != 0) {
            cried.insert(lane.observer);
        }
    }
    for (const auto& observer : spoke) {
        ++entries[observer].trials;
        entries[observer].false_alarms += cried.contains(observer) ? 1 : 0;
    }
}

void add_trial(MatrixRow& row, const TrialSummary& trial) {
    add_lanes(row.entries, trial.story.lanes, trial.record->number);
    add_lanes(row.deciders, trial.story.deciders, trial.record->number);
    bool unclear = false;
    for (const auto& health : trial.story.health) {
        row.outages += health.impairments.size();
        unclear = unclear || health.unclear >= shortest_unexplained;
        for (const auto& harm : health.impairments) {
            row.harm.insert(harm.words.empty() ? harm.state : harm.state + " (" + harm.words + ")");
        }
    }
    row.unclear += unclear ? 1 : 0;
    ++row.proved;
}

MatrixRow row_of(const CellSummary& cell) {
    MatrixRow row{.label = row_label(cell),
                  .experiment = cell.name,
                  .control = cell.faults.empty() && !plans_faults(cell),
                  .trials = cell.counts};
    for (const auto& trial : cell.trials) {
        // Where a fault did not act, or nobody knows, nothing can be said about who noticed it.
        if ((row.control || !cell.faults.empty()) && proved(cell, trial)) {
            add_trial(row, trial);
        }
    }
    return row;
}

/// Rows of one label get their experiments' names with them.
void tell_apart(std::vector<MatrixRow>& rows) {
    std::map<std::string, std::size_t> known;
    for (const auto& row : rows) {
        ++known[row.label];
    }
    std::map<std::string, std::size_t> told;
    for (auto& row : rows) {
        if (known[row.label] > 1) {
            row.label += " · " + row.experiment;
            const auto again = ++told[row.label];
            row.label += again > 1 ? fmt::format(" ({})", again) : "";
        }
    }
}

void add_entry(ObserverTotal& sum, const MatrixRow& row, const MatrixEntry& entry, double within) {
    sum.trials += entry.trials;
    sum.false_alarms += entry.false_alarms;
    sum.alive_impaired += entry.alive_impaired;
    sum.false_dead += entry.false_dead;
    if (row.outages == 0 || entry.noticed.empty()) {
        return;
    }
    ++sum.faults;
    ++(entry.always(within) ? sum.always : entry.caught() != 0 ? sum.sometimes : sum.never);
}

using EntriesOfRow = std::map<std::string, MatrixEntry> MatrixRow::*;

std::map<std::string, ObserverTotal> add_up(const Matrix& matrix, EntriesOfRow entries) {
    std::map<std::string, ObserverTotal> totals;
    for (const auto& row : matrix.rows) {
        for (const auto& [observer, entry] : row.*entries) {
            totals[observer].observer = observer;
            add_entry(totals[observer], row, entry, matrix.within);
        }
    }
    return totals;
}

std::vector<ObserverTotal> totals_of_deciders(const Matrix& matrix) {
    const auto totals = add_up(matrix, &MatrixRow::deciders);
    std::vector<ObserverTotal> sorted;
    for (const auto& decider : deciders()) {
        if (const auto found = totals.find(std::string(decider.name)); found != totals.end()) {
            sorted.push_back(found->second);
        }
    }
    return sorted;
}

std::vector<ObserverTotal> totals_of(const Matrix& matrix) {
    auto totals = add_up(matrix, &MatrixRow::entries);
    std::vector<ObserverTotal> sorted;
    sorted.reserve(totals.size());
    for (auto& [observer, sum] : totals) {
        sorted.push_back(std::move(sum));
    }
    std::ranges::stable_sort(sorted, std::ranges::greater(), [](const ObserverTotal& sum) {
        return std::pair(sum.always, sum.sometimes);
    });
    return sorted;
}

}  // namespace

bool MatrixEntry::always(double within) const {
    return !noticed.empty() && std::ranges::all_of(noticed, [&](const auto& each) {
        return each.second && *each.second <= within;
    });
}

Matrix matrix_of(const std::vector<RunRecord>& runs, Duration within) {
    Matrix matrix{.within = seconds(within)};
    for (std::size_t i = 0; i < runs.size(); ++i) {
        matrix.runs.push_back(runs[i].id);
        const auto summary = summarize(runs[i]);
        for (std::size_t cell = 0; cell < summary.cells.size(); ++cell) {
            matrix.rows.push_back(row_of(summary.cells[cell]));
            matrix.rows.back().run = i;
            matrix.rows.back().cell = cell;
        }
    }
    std::ranges::stable_sort(matrix.rows, {}, &MatrixRow::control);
    tell_apart(matrix.rows);
    matrix.observers = totals_of(matrix);
    matrix.deciders = totals_of_deciders(matrix);
    choose_observers(matrix);
    return matrix;
}

std::string entry_text(const MatrixRow& row, const MatrixEntry& entry) {
    if (entry.noticed.empty()) {
        return entry.false_alarms == 0
                   ? row.unclear == 0 ? "quiet" : "?"
                   : fmt::format("false alarm in {} of {}", entry.false_alarms, entry.trials);
    }
    const auto all = entry.noticed.size();
    if (entry.caught() == 0) {
        return fmt::format("never in {}", all);
    }
    return entry.caught() == all ? duration_text(*statistics::quantile(entry.latencies, 0.5).value)
                                 : fmt::format("{} of {}", entry.caught(), all);
}

std::string decision_text(const MatrixRow& row,
                          std::string_view decider,
                          const MatrixEntry& entry) {
    const auto* const rules = decider_named(decider);
    const std::string does(rules == nullptr ? "would act" : rules->dead);
    if (entry.noticed.empty()) {
        return entry.false_alarms != 0
                   ? fmt::format("{}: in {} of {}", does, entry.false_alarms, entry.trials)
               : row.unclear == 0 ? "leaves it alone"
                                  : "?";
    }
    const auto all = entry.noticed.size();
    if (entry.caught() == 0) {
        return std::string(rules == nullptr ? "does nothing" : rules->alive);
    }
    const auto latency = statistics::quantile(entry.latencies, 0.5).value;
    return entry.caught() == all
               ? fmt::format("{}, {}", does, latency ? duration_text(*latency) : "–")
               : fmt::format("{} in {} of {}", does, entry.caught(), all);
}

std::string bound_text(const MatrixEntry& entry) {
    const auto bound = statistics::quantile_upper_bound(entry.latencies, 0.5);
    return bound ? "≤ " + duration_text(*bound) : "";
}

}  // namespace ordeal::reports
