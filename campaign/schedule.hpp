#pragma once

#include "core/experiment.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ordeal {

/// One strike of a fault: on whom and when, drawn from the fault's windows.
struct PlannedFault {
    std::string id;         ///< the fault's for its first strike, then with "#2", "#3", …
    std::size_t fault = 0;  ///< index into Experiment::faults
    int round = 0;          ///< from 0, of the fault's times
    std::string target;     ///< a member, when the fault names a group
    Duration at{};          ///< since the load started, or since what the fault waits for
    Duration hold{};
};

/// The largest number of strikes of one trial.
inline constexpr std::size_t max_strikes = 1000;

/// All strikes of a trial, fault by fault in the order of Experiment::faults. Depends on nothing
/// but its arguments. Each fault draws from a stream of its own, which its id names: its first
/// instant, then for each strike its member, its distance to the one before, and its holding.
[[nodiscard]] std::vector<PlannedFault> draw_strikes(const Experiment& experiment,
                                                     std::uint64_t seed);

}  // namespace ordeal
