#pragma once

#include "core/fields.hpp"
#include "core/run_record.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What an exploration of crash states found out, for all formats. The facts are those of the event
/// `examined` of the check every_crash_state: verifier/crash_run.hpp says their names.
namespace ordeal::reports {

/// Of a trial, one for each recorded disk; none when nothing was explored.
[[nodiscard]] std::vector<const Event*> explorations(const TrialRecord& trial);

/// The facts as lines of a name and a text: "crash states", "2.5e89 of 2.5e89 covered, complete".
[[nodiscard]] std::vector<std::pair<std::string, std::string>> crash_lines(const Fields& facts);

/// All that is bad: states, crashes during recovery, what an oracle condemns, engines that
/// disagree; or "none".
[[nodiscard]] std::string bad_text(const Fields& facts);

/// One bad state as the facts list it.
struct ToldBadState {
    std::string kind;
    Duration time{};
    std::string states;
    std::string id;
    std::string least;  ///< one bad in the same way, with the fewest writes applied; may be `id`
    std::string words;
};

[[nodiscard]] std::vector<ToldBadState> bad_states(const Fields& facts);

/// Over the time of the recording from its first write on: what was in flight, the flushes, and
/// where bad states are.
[[nodiscard]] std::string crash_svg(const Fields& facts, std::string_view title);

/// HTML of one exploration: picture, figures, bad states.
void append_exploration(std::string& out, const Event& exploration);

}  // namespace ordeal::reports
