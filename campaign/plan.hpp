#pragma once

#include "campaign/definition.hpp"
#include "campaign/schedule.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ordeal {

struct PlannedTrial {
    std::int64_t number = 0;           ///< from 1; of the whole plan, also when filtered
    std::size_t experiment = 0;        ///< index into Plan::experiments
    int repetition = 0;                ///< from 1, of its cell
    std::uint64_t seed = 0;            ///< all randomness of the trial comes from it
    std::vector<PlannedFault> faults;  ///< see draw_strikes()
};

/// What a run is going to do, in this order. Depends on nothing but its arguments.
struct Plan {
    std::uint64_t seed = 0;
    std::vector<Experiment> experiments;  ///< every cell of every definition
    std::vector<PlannedTrial> trials;     ///< never empty
};

/// How many of the hosts n1, n2, … the experiments name or ask for.
[[nodiscard]] int hosts_needed(const Plan& plan);

struct PlanOptions {
    std::uint64_t seed = 0;
    std::optional<int> trials;  ///< instead of each experiment's own number; from 1 to 100,000
    /// Keeps the trials that match: an experiment's name, a matrix value ("cache=none") or a
    /// trial's number ("7"). Of several of one sort any will do; different sorts, and different
    /// variables, must all match. A trial keeps its number, seed and instants.
    std::vector<std::string> only;
};

/// The largest number of trials of one plan.
inline constexpr std::size_t max_planned_trials = 1'000'000;

/// Trials of a definition go round: the first repetition of every cell, then the second, so that
/// what changes with time touches all cells alike and an interrupted run has all of them.
///
/// A trial's seed follows from the plan's seed, its experiment's name, its cell and its repetition;
/// a fault's strikes from the trial's seed and the fault's id. So another experiment, value or
/// fault changes nothing for those that were there before.
///
/// ErrorKind::usage: no definition, an `only` that nothing matches, a number out of range.
[[nodiscard]] Result<Plan> make_plan(std::span<const Definition> definitions,
                                     const PlanOptions& options);

}  // namespace ordeal
