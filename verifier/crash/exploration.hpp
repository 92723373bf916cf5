#pragma once

#include "verifier/crash/engine.hpp"
#include "verifier/crash/explore.hpp"
#include "verifier/crash/ledger_oracle.hpp"
#include "verifier/crash/referee.hpp"
#include "verifier/crash/states.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ordeal::verifier::crash {

/// How a state is bad.
enum class BadKind : std::uint8_t {
    structure,    ///< the filesystem is not sound after recovery; id.recoveries: after another one
    ledger,       ///< an acknowledged write is lost
    disagreement  ///< our engine and the referee judge the same image differently
};

[[nodiscard]] std::string_view name_of(BadKind kind);

/// One bad state, and for how many it stands.
struct BadState {
    BadKind kind = BadKind::structure;
    StateId id;              ///< rebuilds the image
    StateId least;           ///< one that is bad in the same way, with the fewest writes applied
    std::uint64_t time = 0;  ///< ns into the recording
    Count states;
    std::vector<std::string> words;
};

/// One instant, for the picture.
struct InstantReport {
    std::size_t number = 0;
    std::size_t event = 0;
    std::uint64_t time = 0;
    std::size_t atoms = 0;
    Count possible;
    Count covered;
    Count bad;
    Count bad_recovery;  ///< of crashes during recovery
    std::uint64_t runs = 0;
};

struct ExplorationOptions {
    CrashRules rules;
    unsigned workers = 1;
    std::uint64_t max_runs = 20'000;  ///< for one instant
    Duration budget = std::chrono::minutes(10);
    std::size_t bad_kept = 100;     ///< of the bad states, how many are told in full
    std::uint64_t raw_sample = 50;  ///< the referee also sees every so many-th raw image; 0: none
    unsigned recovery_depth = 1;    ///< how many recoveries in a row a crash may cut; 0: none
    std::stop_token stop;
};

/// What was found out.
struct Exploration {
    Coverage coverage;
    Count bad;              ///< of the covered states
    bool bad_exact = true;  ///< false: records share atoms, `bad` is an estimate
    /// Of crashes during the recovery of the sound states: for each of them and each step of its
    /// recovery, every subset of what that step writes. `instants` counts steps of leaves.
    Coverage recovery;
    Count bad_recovery;
    std::vector<InstantReport> instants;
    std::vector<BadState> bad_states;  ///< in the order of time; the first bad_kept
    std::uint64_t bad_leaves = 0;      ///< also of recoveries that were cut
    std::uint64_t disagreements = 0;   ///< between our engine and the referee
    std::uint64_t sound_leaves = 0;
    std::uint64_t unjudged_leaves = 0;  ///< beyond our engine and not ruled by the referee
    std::uint64_t unique_images = 0;    ///< metadata contents after recovery
    std::uint64_t refereed = 0;         ///< of them, seen by the referee
    std::uint64_t refereed_raw = 0;
    std::uint64_t acknowledged = 0;      ///< acknowledgements in the trace
    std::uint64_t promises_checked = 0;  ///< places held against promises, summed over leaves
    std::uint64_t promises_broken = 0;
    std::uint64_t atoms = 0;  ///< summed over instants
    Duration took{};
    std::string sampled_by;  ///< not empty: not explored but sampled, and who judged

    /// All crashes are covered, also those during recovery.
    [[nodiscard]] bool complete() const {
        return coverage.complete() && recovery.covered == recovery.possible &&
               recovery.partial_instants == 0;
    }
};

/// Makes a worker's engine.
using MakeEngine = std::function<std::unique_ptr<Engine>()>;
/// Makes a worker's referee; may return nothing.
using MakeReferee = std::function<std::unique_ptr<Referee>(unsigned worker)>;

/// Explores all instants of a trace. `base` is the disk before the recording.
/// Errors: corrupt (the base is not the trace's), internal, those of the referee's tools.
[[nodiscard]] Result<Exploration> explore_trace(const Trace& trace,
                                                const std::vector<std::byte>& base,
                                                const ExplorationOptions& options,
                                                const MakeEngine& make_engine,
                                                const MakeReferee& make_referee);

}  // namespace ordeal::verifier::crash
