#pragma once

#include "core/run_record.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace ordeal::reports {

enum class ColorChoice { automatic, always, never };

/// What the place that is written to can show.
struct TerminalStyle {
    bool color = false;
    bool live = false;  ///< a line can be written over: a terminal
    std::size_t width = 80;
};

/// Looks at the descriptor and at the environment's NO_COLOR (https://no-color.org) and TERM.
/// `always` beats NO_COLOR.
[[nodiscard]] TerminalStyle style_of(int descriptor, ColorChoice choice);

/// The end of a run for the person who waits: verdict, answers, who noticed when, the trials that
/// did not pass, how to repeat it.
[[nodiscard]] std::string render_terminal(const RunRecord& run, const TerminalStyle& style);

/// The progress of a run as it goes: a line for each finished trial, and on a terminal a bar below
/// them. The members are called as those of campaign's Progress, one at a time.
class LiveProgress {
  public:
    /// `write` gets text for the terminal, whole lines or a redrawn bar.
    LiveProgress(TerminalStyle style, std::function<void(std::string_view)> write);

    void run_started(const RunRecord& run);
    void trial_started(const TrialRecord& trial);
    void phase_started(std::int64_t trial, std::string_view name);
    void trial_finished(const TrialRecord& trial);
    void stopping(const std::string& reason);
    void run_finished();

  private:
    void line(const std::string& text);
    void draw_bar();
    [[nodiscard]] std::string bar() const;

    TerminalStyle style_;
    std::function<void(std::string_view)> write_;
    std::size_t planned_ = 0;
    std::size_t finished_ = 0;
    std::size_t failed_ = 0;
    std::size_t inconclusive_ = 0;
    std::size_t widest_ = 1;  ///< most trials seen at once
    Duration spent_{};        ///< by finished trials
    bool stopping_ = false;
    bool bar_shown_ = false;
    std::map<std::int64_t, std::string> running_;  ///< phase of each running trial
};

}  // namespace ordeal::reports
