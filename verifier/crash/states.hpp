#pragma once

#include "verifier/crash/engine.hpp"
#include "verifier/crash/model.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// Single crash states, by name and as images.
namespace ordeal::verifier::crash {

/// A crash while recovery was at a step: what it had written before was safe, of that step some.
struct RecoveryPoint {
    std::size_t step = 0;                ///< of ImageView::steps()
    std::vector<std::uint64_t> applied;  ///< a sector of each atom that was; ascending

    bool operator==(const RecoveryPoint&) const = default;
};

/// One crash state of a trace under given rules: "<trace>.<instant>" and ".<atom>-<alternative>"
/// for each atom that does not have its oldest content: "00f3a9c2d1b4e587.12.3-1.17-2". If a
/// recovery of that state was cut, too: "/<step>" and ".<sector>" for each atom that it had
/// written: "00f3a9c2d1b4e587.12.3-1/1.4096".
struct StateId {
    std::uint64_t trace = 0;
    std::size_t instant = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> decided;  ///< atom, alternative; ascending
    std::vector<RecoveryPoint> recoveries;

    [[nodiscard]] std::string text() const;

    bool operator==(const StateId&) const = default;
};

/// Errors: usage.
[[nodiscard]] Result<StateId> parse_state_id(std::string_view text);

/// An instant with every atom decided beforehand: for building images and for checking the
/// explorer. The instant outlives it.
class FixedState : public InFlight {
  public:
    /// `alternatives`: one for each atom; missing ones and those out of range are the oldest.
    FixedState(const CrashInstant& instant, std::vector<std::uint32_t> alternatives);

    /// Marks the instant's sectors in `view`, which was made with this.
    void mark(ImageView& view) const;

    Possible decide(std::uint64_t sector) override { return fixed_.at(sector); }

    [[nodiscard]] std::span<const Possible> possible(std::uint64_t sector) const override {
        return {&fixed_.at(sector), 1};
    }

    [[nodiscard]] std::uint64_t atom(std::uint64_t sector) const override { return sector; }

  private:
    std::unordered_map<std::uint64_t, Possible> fixed_;
};

/// Whether `base` is the disk that the trace began with. Errors: corrupt.
[[nodiscard]] Status check_base(const Trace& trace, const std::vector<std::byte>& base);

/// The disk in that state. `engine` recovers where the state is one of a recovery that was cut.
/// Errors: usage (another trace's, no such instant, atom, alternative, step, or no engine for it).
[[nodiscard]] Result<std::vector<std::byte>> build_image(const Trace& trace,
                                                         std::vector<std::byte> base,
                                                         const CrashRules& rules,
                                                         const StateId& id,
                                                         Engine* engine = nullptr);

}  // namespace ordeal::verifier::crash
