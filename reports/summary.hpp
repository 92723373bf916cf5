#pragma once

#include "core/run_record.hpp"
#include "core/statistics.hpp"
#include "reports/story.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What all report formats say, computed once from the record. Pure functions.
namespace ordeal::reports {

struct Counts {
    std::size_t pass = 0;
    std::size_t fail = 0;
    std::size_t inconclusive = 0;

    void add(Verdict verdict);

    [[nodiscard]] std::size_t all() const { return pass + fail + inconclusive; }
};

/// One trial as told to the reader. `record` points into the RunRecord.
struct TrialSummary {
    const TrialRecord* record = nullptr;
    Story story;
};

/// A figure that a check states for each trial, over the trials.
struct FigureSummary {
    std::size_t trials = 0;                        ///< in how many it was stated
    std::int64_t total = 0;                        ///< of integers
    std::vector<double> values;                    ///< durations in seconds, other numbers as such
    std::map<std::string, std::size_t> occurring;  ///< words and yes/no, with their counts
    bool is_integer = false;
    bool is_yes_no = false;
    bool is_duration = false;
};

/// One check's findings about one subject over the trials of a cell.
struct CheckSummary {
    std::string check;
    std::string subject;  ///< empty when there is only one, or each trial has its own
    Counts trials;        ///< a trial counts once, with its worst finding
    std::map<std::string, FigureSummary> figures;
    std::vector<const Finding*> quoted;  ///< one finding of each wording group, worst first; few

    /// The property as a sentence about all trials, with the bound that the number allows.
    [[nodiscard]] std::string sentence() const;
    [[nodiscard]] Verdict verdict() const;
    /// The words it graded with, counted: "Grade: journal replayed in 20 trials"; may be empty.
    [[nodiscard]] std::string grades() const;
};

/// How one observer did over the trials of a cell.
struct ObserverSummary {
    struct Sighting {
        std::int64_t trial = 0;
        std::optional<double> latency;  ///< seconds; absent: never noticed
    };

    std::string observer;
    std::vector<Sighting> sightings;  ///< one for each outage that there was to notice
    statistics::Sample latencies;     ///< seconds
    Duration longest_false_alive{};
    Duration longest_false_dead{};
    std::size_t trials_false_dead = 0;

    [[nodiscard]] std::size_t noticed() const { return latencies.measured.size(); }
};

/// What one kind of fault did over the trials of a cell.
struct FaultSummary {
    std::string id;
    std::string kind;
    std::size_t injected = 0;
    std::size_t active = 0;   ///< activation was seen by another path
    std::size_t residue = 0;  ///< trials in which something of it was left or may be left
};

/// All trials of one experiment and one matrix cell.
struct CellSummary {
    const ExperimentRecord* experiment = nullptr;  ///< may be nullptr in a damaged run
    std::string name;                              ///< of the experiment
    Fields cell;
    Counts counts;
    std::vector<TrialSummary> trials;  ///< failures, then inconclusive, then passes; each by number
    std::vector<FaultSummary> faults;
    std::vector<ObserverSummary> observers;  ///< fastest first, who never noticed last
    std::vector<CheckSummary> checks;
    std::int64_t acknowledged = 0;  ///< records over all trials

    /// "panic · pvpanic = true"
    [[nodiscard]] std::string label() const;
    /// "pvpanic = true"; empty without a matrix
    [[nodiscard]] std::string variant() const;
};

/// A smaller p than this is worth telling.
inline constexpr double notable_p = 0.01;

/// Two cells of one experiment, compared for one observer.
struct Comparison {
    std::string observer;
    const CellSummary* a = nullptr;
    const CellSummary* b = nullptr;
    double noticed_p = 1;  ///< Fisher's exact test of noticed against missed
    double latency_p = 1;  ///< Mann–Whitney test of the measured latencies
};

struct RunSummary {
    const RunRecord* run = nullptr;
    Counts counts;
    std::vector<CellSummary> cells;  ///< in the order of their first trial

    /// The verdict in one sentence for a person who knows none of the words.
    [[nodiscard]] std::string headline() const;
    /// "20 trials: 18 passed, 2 failed"
    [[nodiscard]] std::string tally() const;
};

/// `run` must outlive the summary.
[[nodiscard]] RunSummary summarize(const RunRecord& run);

/// Comparisons of every two cells of an experiment with at most four cells, where at least one test
/// says p < 0.01.
[[nodiscard]] std::vector<Comparison> compare_cells(const RunSummary& summary);

/// "✓", "✕", "?"
[[nodiscard]] std::string_view glyph(Verdict verdict);
/// The median detection latency: "420 ms", "never"; "–" without any outage.
[[nodiscard]] std::string median_text(const ObserverSummary& observer);
/// Of durations in seconds: "6 ms – 12 ms"; "–" without any.
[[nodiscard]] std::string range_text(const std::vector<double>& values);
/// A name of the program's as words: "journal replayed".
[[nodiscard]] std::string spaced(std::string_view name);
/// "13.9 %", "0.3 %"
[[nodiscard]] std::string percent(double proportion);
/// Seconds as a person reads them: "420 ms".
[[nodiscard]] std::string duration_text(double seconds);
/// The command line, quoted for a shell, with the run's seed.
[[nodiscard]] std::string command_text(const RunRecord& run);
/// "1 trial", "20 trials"
[[nodiscard]] std::string plural(std::size_t count, std::string_view noun);
/// "2026-03-01 12:00:00 UTC"
[[nodiscard]] std::string stamp(WallTime at);

}  // namespace ordeal::reports
