#include "reports/summary.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace ordeal::reports {
namespace {

constexpr std::size_t quotes_per_check = 3;
constexpr std::size_t most_cells_compared = 4;

/// Failures first, then inconclusive, then passes.
int rank(Verdict verdict) {
    return verdict == Verdict::fail ? 0 : verdict == Verdict::inconclusive ? 1 : 2;
}

struct AddValue {
    FigureSummary& figure;

    void operator()(bool value) const {
        figure.is_yes_no = true;
        ++figure.occurring[value ? "yes" : "no"];
    }

    void operator()(std::int64_t value) const {
        figure.is_integer = true;
        figure.total += value;
        figure.values.push_back(static_cast<double>(value));
    }

    void operator()(double value) const { figure.values.push_back(value); }

    void operator()(const std::string& value) const { ++figure.occurring[value]; }

    void operator()(Duration value) const {
        figure.is_duration = true;
        figure.values.push_back(seconds(value));
    }

    void operator()(Bytes value) const { (*this)(static_cast<std::int64_t>(value.count)); }

    void operator()(const std::vector<std::string>& values) const {
        for (const auto& value : values) {
            ++figure.occurring[value];
        }
    }
};

/// "libvirt.state", or where there are several domains "libvirt.state of db".
bool is_observer(const CellSummary& cell, std::string_view subject) {
    return std::ranges::any_of(cell.observers, [&](const ObserverSummary& observer) {
        return subject == observer.observer || subject.starts_with(observer.observer + " ");
    });
}

/// A subject that names something in more than half of the trials is worth a line of its own; the
/// others (domains have a new name in each trial) are one line.
std::set<std::pair<std::string, std::string>> lasting_subjects(const CellSummary& cell) {
    std::map<std::pair<std::string, std::string>, std::set<std::int64_t>> seen;
    std::map<std::string, std::set<std::int64_t>> trials;
    for (const auto& trial : cell.trials) {
        for (const auto& finding : trial.record->findings) {
            seen[{finding.check, finding.subject}].insert(trial.record->number);
            trials[finding.check].insert(trial.record->number);
        }
    }
    std::set<std::pair<std::string, std::string>> lasting;
    for (const auto& [key, in] : seen) {
        if (is_observer(cell, key.second) ||
            (in.size() > 1 && in.size() * 2 > trials[key.first].size())) {
            lasting.insert(key);
        }
    }
    return lasting;
}

/// A check that speaks of one subject only need not name it, except an observer.
void drop_lone_subjects(std::vector<CheckSummary>& checks, const CellSummary& cell) {
    for (auto& check : checks) {
        const bool alone = std::ranges::count(checks, check.check, &CheckSummary::check) == 1;
        if (alone && !is_observer(cell, check.subject)) {
            check.subject.clear();
        }
    }
}

void quote(CheckSummary& summary, const Finding& finding) {
    const auto same = [&](const Finding* other) {
        return other->verdict == finding.verdict && other->evidence == finding.evidence;
    };
    if (summary.quoted.size() < quotes_per_check && std::ranges::none_of(summary.quoted, same)) {
        summary.quoted.push_back(&finding);
    }
}

std::vector<CheckSummary> checks_of(const CellSummary& cell) {
    const auto lasting = lasting_subjects(cell);
    std::vector<CheckSummary> checks;
    for (const auto& trial : cell.trials) {
        std::map<std::size_t, std::vector<Verdict>> of_trial;
        for (const auto& finding : trial.record->findings) {
            const bool named = lasting.contains({finding.check, finding.subject});
            const std::string subject = named ? finding.subject : "";
            auto check = std::ranges::find_if(checks, [&](const CheckSummary& known) {
                return known.check == finding.check && known.subject == subject;
            });
            if (check == checks.end()) {
                checks.push_back({.check = finding.check, .subject = subject});
                check = checks.end() - 1;
            }
            of_trial[static_cast<std::size_t>(check - checks.begin())].push_back(finding.verdict);
            for (const auto& [name, value] : finding.figures.all()) {
                auto& figure = check->figures[name];
                ++figure.trials;
                std::visit(AddValue{figure}, value);
            }
            quote(*check, finding);
        }
        for (const auto& [index, verdicts] : of_trial) {
            checks[index].trials.add(combine(verdicts));
        }
    }
    drop_lone_subjects(checks, cell);
    std::ranges::stable_sort(checks, {}, [](const CheckSummary& check) {
        return std::tuple(check.trials.fail == 0, check.trials.inconclusive == 0, check.check);
    });
    return checks;
}

std::vector<ObserverSummary> observers_of(const CellSummary& cell) {
    std::map<std::string, ObserverSummary> observers;
    for (const auto& trial : cell.trials) {
        for (const auto& lane : trial.story.lanes) {
            auto& observer = observers[lane.observer];
            observer.observer = lane.observer;
            observer.longest_false_alive =
                std::max(observer.longest_false_alive, lane.longest_false_alive());
            observer.longest_false_dead =
                std::max(observer.longest_false_dead, lane.longest_false_dead());
            observer.trials_false_dead += lane.false_dead.empty() ? 0 : 1;
            for (const auto& noticed : lane.noticed) {
                observer.sightings.push_back({trial.record->number, {}});
                if (noticed) {
                    observer.sightings.back().latency = seconds(*noticed);
                    observer.latencies.measured.push_back(seconds(*noticed));
                } else {
                    ++observer.latencies.censored;
                }
            }
        }
    }
    std::vector<ObserverSummary> all;
    for (auto& [name, observer] : observers) {
        all.push_back(std::move(observer));
    }
    const auto speed = [](const ObserverSummary& observer) {
        const auto median = statistics::quantile(observer.latencies, 0.5).value;
        return std::tuple(!median, median.value_or(0), observer.noticed() == 0, observer.observer);
    };
    std::ranges::stable_sort(all, {}, speed);
    return all;
}

std::vector<FaultSummary> faults_of(const CellSummary& cell) {
    std::vector<FaultSummary> faults;
    for (const auto& trial : cell.trials) {
        for (const auto& mark : trial.story.faults) {
            auto fault = std::ranges::find(faults, mark.id, &FaultSummary::id);
            if (fault == faults.end()) {
                faults.push_back({.id = mark.id, .kind = mark.kind});
                fault = faults.end() - 1;
            }
            fault->injected += mark.injecting ? 1 : 0;
            fault->active += mark.active ? 1 : 0;
            fault->residue += mark.residue.empty() || mark.residue == "none" ? 0 : 1;
        }
    }
    return faults;
}

void finish(CellSummary& cell) {
    std::ranges::stable_sort(cell.trials, {}, [](const TrialSummary& trial) {
        return std::pair(rank(trial.record->verdict), trial.record->number);
    });
    for (const auto& trial : cell.trials) {
        cell.counts.add(trial.record->verdict);
        const auto& points = trial.story.acknowledged;
        cell.acknowledged += points.empty() ? 0 : points.back().total;
    }
    cell.faults = faults_of(cell);
    cell.observers = observers_of(cell);
    cell.checks = checks_of(cell);
}

/// Appends a comparison when one of the tests says something.
void compare(const CellSummary& a, const CellSummary& b, std::vector<Comparison>& found) {
    for (const auto& in_a : a.observers) {
        const auto in_b = std::ranges::find(b.observers, in_a.observer, &ObserverSummary::observer);
        if (in_b == b.observers.end()) {
            continue;
        }
        const auto count = [](std::size_t number) { return static_cast<unsigned>(number); };
        const Comparison comparison{
            .observer = in_a.observer,
            .a = &a,
            .b = &b,
            .noticed_p = statistics::fisher_exact({count(in_a.noticed()),
                                                   count(in_a.latencies.censored),
                                                   count(in_b->noticed()),
                                                   count(in_b->latencies.censored)}),
            .latency_p =
                statistics::mann_whitney(in_a.latencies.measured, in_b->latencies.measured).p};
        if (std::min(comparison.noticed_p, comparison.latency_p) < notable_p) {
            found.push_back(comparison);
        }
    }
}

}  // namespace

void Counts::add(Verdict verdict) {
    ++(verdict == Verdict::pass ? pass : verdict == Verdict::fail ? fail : inconclusive);
}

RunSummary summarize(const RunRecord& run) {
    RunSummary summary{.run = &run};
    for (const auto& trial : run.trials) {
        auto cell = std::ranges::find_if(summary.cells, [&](const CellSummary& known) {
            return known.name == trial.experiment && known.cell == trial.cell;
        });
        if (cell == summary.cells.end()) {
            summary.cells.push_back({.name = trial.experiment, .cell = trial.cell});
            cell = summary.cells.end() - 1;
            const auto experiment =
                std::ranges::find(run.experiments, trial.experiment, &ExperimentRecord::name);
            cell->experiment = experiment == run.experiments.end() ? nullptr : &*experiment;
        }
        cell->trials.push_back({&trial, tell(trial.history)});
        summary.counts.add(trial.verdict);
    }
    for (auto& cell : summary.cells) {
        finish(cell);
    }
    return summary;
}

std::vector<Comparison> compare_cells(const RunSummary& summary) {
    std::vector<Comparison> found;
    std::map<std::string, std::vector<const CellSummary*>> experiments;
    for (const auto& cell : summary.cells) {
        experiments[cell.name].push_back(&cell);
    }
    for (const auto& [name, cells] : experiments) {
        if (cells.size() > most_cells_compared) {
            continue;
        }
        for (std::size_t a = 0; a < cells.size(); ++a) {
            for (std::size_t b = a + 1; b < cells.size(); ++b) {
                compare(*cells[a], *cells[b], found);
            }
        }
    }
    return found;
}

}  // namespace ordeal::reports
