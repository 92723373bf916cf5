#pragma once

#include "core/check.hpp"
#include "core/experiment.hpp"
#include "core/history.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ordeal {

/// One trial as the store holds it.
struct TrialRecord {
    std::int64_t number = 0;  ///< from 1, in the run's order
    std::string experiment;
    Fields cell;  ///< the matrix values
    std::uint64_t seed = 0;
    WallTime started{};
    Duration wall{};
    Verdict verdict = Verdict::inconclusive;
    std::string reason;  ///< one sentence: why this verdict
    std::vector<Finding> findings;
    History history;  ///< may be left empty by a reader that asks for summaries only
    std::vector<std::filesystem::path> evidence;  ///< relative to the run directory
};

/// One experiment's definition as it was run.
struct ExperimentRecord {
    std::string name;
    std::string title;
    std::string question;
    std::string path;  ///< of the definition file
    std::string text;  ///< the file itself
};

/// A run: what reports are made from. Also of an interrupted or still going run.
struct RunRecord {
    std::string id;
    std::filesystem::path directory;
    WallTime started{};
    Duration wall{};
    bool finished = false;    ///< false: interrupted, or still going
    std::string stop_reason;  ///< empty, or why it ended early
    std::vector<std::string> command_line;
    std::uint64_t seed = 0;
    int planned_trials = 0;
    bool residue = false;  ///< something of a fault is left: beats every verdict
    Fields versions;
    std::vector<ExperimentRecord> experiments;
    std::vector<TrialRecord> trials;

    /// Of all trials; inconclusive when planned trials are missing and none failed.
    [[nodiscard]] Verdict verdict() const;
};

}  // namespace ordeal
