#pragma once

#include "core/wire_mark.hpp"
#include "verifier/crash/counts.hpp"
#include "verifier/crash/engine.hpp"
#include "verifier/crash/trace.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace ordeal::verifier::crash {

/// A ledger of which acknowledgements were recorded.
struct TracedLedger {
    ledger::Plan plan;
    std::string directory;

    struct Acknowledgement {
        std::size_t event = 0;  ///< of the trace
        std::uint64_t sequence = 0;
    };

    std::vector<Acknowledgement> acknowledged;  ///< in the order of the trace
};

/// The ledgers of a trace's marks, by run. Marks of other kinds are passed over.
[[nodiscard]] std::vector<TracedLedger> ledgers_of(const Trace& trace);

/// What a leaf's states keep of the promises.
struct LedgerVerdict {
    std::uint64_t required = 0;       ///< places that an acknowledgement covers
    std::vector<std::uint64_t> lost;  ///< places that at least one state does not keep
    Count keeping = 1;                ///< of all ways to decide the data in flight,
    Count ways = 1;                   ///< how many keep every promise
    bool exact = true;  ///< false: records share an atom, so that keeping is an estimate
    /// What breaks the first promise: atoms in flight, and which of their contents.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> breaking;
};

/// Judges all ledgers in an examined image. Data in flight are not decided: as each record has
/// sectors of its own, each is judged by itself, and what its possible contents leave of it is
/// counted. (A sector that two records share would be structural damage, which was ruled out.)
/// Keeps what it knows about contents. Not thread-safe.
class LedgerOracle {
  public:
    explicit LedgerOracle(std::vector<TracedLedger> ledgers);

    /// Finds the ledgers' files: part of the examination, as it may read. Precondition: `engine`
    /// found the image sound.
    void locate(Engine& engine);

    /// Decides of the located data what view.possible() cannot tell without: part of the
    /// examination, too.
    void settle(ImageView& view) const;

    /// Judges what locate() found, with the acknowledgements before `event`.
    [[nodiscard]] LedgerVerdict judge(ImageView& view, std::size_t event);

    [[nodiscard]] bool empty() const { return ledgers_.empty(); }

  private:
    struct Required {
        std::map<std::uint64_t, std::uint64_t> places;  ///< place to sequence
        std::size_t event = SIZE_MAX;                   ///< for which this was computed
    };

    struct Option;
    struct Unit;

    /// Certain content of a place that keeps a promise.
    struct Kept {
        Stamp content = 0;
        std::uint64_t required = 0;
    };

    void judge_ledger(std::size_t index, ImageView& view, std::size_t event, LedgerVerdict& into);
    [[nodiscard]] static Stamp certain_content(const ledger::Plan& plan,
                                               const FileMap& file,
                                               const ledger::Stretch& stretch,
                                               ImageView& view);
    void judge_place(std::size_t index,
                     const FileMap* file,
                     const ledger::Stretch& stretch,
                     std::uint64_t required,
                     ImageView& view,
                     LedgerVerdict& into);
    [[nodiscard]] std::vector<Unit> units_of(const ledger::Plan& plan,
                                             const FileMap* file,
                                             const ledger::Stretch& stretch,
                                             ImageView& view);
    [[nodiscard]] ledger::BlockFinding finding(const ledger::Plan& plan,
                                               std::uint64_t place,
                                               std::uint32_t index,
                                               const Possible& content);
    [[nodiscard]] const Required& required(std::size_t index, std::size_t event);

    std::vector<TracedLedger> ledgers_;
    std::vector<const std::vector<FileMap>*> located_;
    std::vector<Required> required_;
    std::vector<std::unordered_map<std::uint64_t, Kept>> kept_;  ///< by ledger and place
    std::vector<std::uint64_t> met_;  ///< places with a promise that were found, in this judgement
    std::unordered_map<Stamp, ledger::BlockFinding> known_;  ///< by content and place
    std::set<std::uint64_t> atoms_judged_;                   ///< in flight, in this judgement
};

}  // namespace ordeal::verifier::crash
