#pragma once

#include "core/run_record.hpp"
#include "reports/summary.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Who notices what, and when: faults against observers, over all trials of some runs. Pure.
namespace ordeal::reports {

/// One impairment of one trial (the service hung, dead or degraded): what there was to notice.
struct OutageKey {
    std::int64_t trial = 0;
    std::string domain;
    std::size_t number = 0;  ///< of the domain's outages in the trial, from 0

    [[nodiscard]] auto operator<=>(const OutageKey&) const = default;
};

/// One observer under one fault.
struct MatrixEntry {
    std::map<OutageKey, std::optional<double>> noticed;  ///< seconds; absent: never
    statistics::Sample latencies;                        ///< the same as a sample
    std::size_t trials = 0;                              ///< in which it said anything
    std::size_t false_alarms = 0;                        ///< trials with one, see Lane
    Duration alive_impaired{};  ///< said alive of a harmed service, in all trials together
    Duration false_dead{};

    [[nodiscard]] std::size_t caught() const { return latencies.measured.size(); }

    /// Whether it noticed every outage, each after at most `within` seconds.
    [[nodiscard]] bool always(double within) const;
};

/// One fault with its parameters: the trials of one cell of one run.
struct MatrixRow {
    std::string label;       ///< "qemu.stop", "guest.panic · pvpanic = false", "no fault"
    std::string experiment;  ///< its name
    bool control = false;    ///< no fault was planned: whatever is said dead is a false alarm
    std::size_t run = 0;     ///< which of the runs
    std::size_t cell = 0;    ///< which of its cells: the report's anchor
    Counts trials;
    std::size_t proved = 0;      ///< trials with the load, every fault seen to act by another path
    std::size_t outages = 0;     ///< impairments in all trials; 0: the service went on
    std::size_t unclear = 0;     ///< trials of which nobody knows for a second or longer
    std::set<std::string> harm;  ///< what they were: "dead", "degraded (storage)"
    std::map<std::string, MatrixEntry> entries;  ///< by observer
    /// By the name of a decider (reports/deciders.hpp): noticing is concluding "dead".
    std::map<std::string, MatrixEntry> deciders;
};

/// One observer over all rows.
struct ObserverTotal {
    std::string observer;
    std::size_t faults = 0;     ///< rows with an outage that it watched
    std::size_t always = 0;     ///< of these: noticed every outage in time
    std::size_t sometimes = 0;  ///< noticed some, or too late
    std::size_t never = 0;
    std::size_t false_alarms = 0;  ///< trials
    std::size_t trials = 0;
    Duration alive_impaired{};
    Duration false_dead{};
};

/// The fewest observers that catch what can be caught. Of as few: those with the fewest false
/// alarms, then the fastest.
struct Choice {
    std::vector<std::string> observers;
    std::vector<std::string> catches;  ///< labels of rows
};

struct Matrix {
    double within = 0;  ///< seconds after which noticing is too late
    std::vector<std::string> runs;
    std::vector<MatrixRow> rows;           ///< in the order of the runs; controls last
    std::vector<ObserverTotal> observers;  ///< who catches most first
    std::vector<ObserverTotal> deciders;   ///< in the order of reports/deciders.hpp
    Choice best;                           ///< for all rows together
    std::map<std::string, Choice> each;    ///< for each row that can be caught, by its label
    std::vector<std::string> uncaught;     ///< rows with an outage that nobody always notices
    std::vector<std::string> unharmed;     ///< rows in which the service is known to have gone on
};

/// At most so many observers are weighed against each other; of more, those that catch most.
inline constexpr std::size_t most_weighed = 18;

/// `runs` with their histories. `within` > 0.
[[nodiscard]] Matrix matrix_of(const std::vector<RunRecord>& runs, Duration within);

/// Fills `best`, `each`, `uncaught` and `unharmed` of a matrix that has its rows and observers.
void choose_observers(Matrix& matrix);

/// "agent.heartbeat + libvirt.state catch 7 of 8 faults within 5 s; nothing here catches
/// guest.hang."
[[nodiscard]] std::string advice(const Matrix& matrix);

/// What an observer did under a fault: "420 ms", "3 of 5", "never in 5"; where the service went on
/// "quiet" or "false alarm in 2 of 5"; "?" where nobody knows whether it did.
[[nodiscard]] std::string entry_text(const MatrixRow& row, const MatrixEntry& entry);
/// What a decider would have done under a fault: "calls it healthy", "would restart it, 420 ms",
/// "would restart it in 3 of 5"; where the service went on "leaves it alone", or what it would have
/// done to a healthy one.
[[nodiscard]] std::string decision_text(const MatrixRow& row,
                                        std::string_view decider,
                                        const MatrixEntry& entry);
/// "≤ 510 ms": the median's upper bound at 95 %; empty when the trials are too few.
[[nodiscard]] std::string bound_text(const MatrixEntry& entry);

}  // namespace ordeal::reports
