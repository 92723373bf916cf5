#include "reports/terminal.hpp"

#include "reports/escape.hpp"
#include "reports/put.hpp"
#include "reports/summary.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ordeal::reports {
namespace {

constexpr std::size_t most_named = 10;  ///< named in the summary; the others are counted
constexpr std::size_t bar_width = 24;

bool is_set(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return value != nullptr && *value != '\0';
}

std::string bold(const std::string& text, const TerminalStyle& style) {
    return style.color ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string colored(Verdict verdict, const std::string& text, const TerminalStyle& style) {
    if (!style.color) {
        return text;
    }
    const char* code = verdict == Verdict::pass ? "32" : verdict == Verdict::fail ? "31" : "33";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string mark(Verdict verdict, const TerminalStyle& style) {
    return colored(verdict, std::string(glyph(verdict)), style);
}

/// Cut to `width` characters, never inside one.
std::string cut(const std::string& text, std::size_t width) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80;
        if (begins && ++characters > width) {
            return text.substr(0, i);
        }
    }
    return text;
}

void append_observer_lines(std::string& out, const CellSummary& cell) {
    if (cell.observers.empty()) {
        return;
    }
    std::size_t widest = 8;
    for (const auto& observer : cell.observers) {
        widest = std::max(widest, one_line(observer.observer).size());
    }
    put(out,
        "\n    {:<{}}  {:>10}  {:>10}  {}\n",
        "observer",
        widest,
        "noticed",
        "median",
        "range");
    for (const auto& observer : cell.observers) {
        put(out,
            "    {:<{}}  {:>10}  {:>10}  {}\n",
            one_line(observer.observer),
            widest,
            fmt::format("{} of {}", observer.noticed(), observer.sightings.size()),
            median_text(observer),
            range_text(observer.latencies.measured));
    }
}

void append_trials(std::string& out, const CellSummary& cell, const TerminalStyle& style) {
    std::size_t named = 0;
    for (const auto& trial : cell.trials) {
        const auto& record = *trial.record;
        if (record.verdict == Verdict::pass) {
            return;
        }
        if (named++ == most_named) {
            put(out,
                "    … and {} more\n",
                cell.counts.fail + cell.counts.inconclusive - most_named);
            return;
        }
        put(out,
            "{}    {} trial {}: {}\n",
            named == 1 ? "\n" : "",
            mark(record.verdict, style),
            record.number,
            one_line(record.reason));
    }
}

std::string minutes_left(Duration left) {
    const auto whole = std::chrono::ceil<std::chrono::seconds>(left).count();
    return whole >= 90 ? fmt::format("about {} min left", (whole + 30) / 60)
                       : fmt::format("about {} s left", whole);
}

}  // namespace

TerminalStyle style_of(int descriptor, ColorChoice choice) {
    TerminalStyle style;
    const char* term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    style.live = ::isatty(descriptor) == 1 && !dumb;
    style.color = choice == ColorChoice::always ||
                  (choice == ColorChoice::automatic && style.live && !is_set("NO_COLOR"));
    winsize size{};
    if (style.live && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        style.width = size.ws_col;
    }
    return style;
}

std::string render_terminal(const RunRecord& run, const TerminalStyle& style) {
    const auto summary = summarize(run);
    const auto verdict = run.residue ? Verdict::fail : run.verdict();
    std::string out;
    put(out,
        "\n{} {}\n  {}\n",
        mark(verdict, style),
        bold(summary.headline(), style),
        one_line(summary.tally()));
    if (!run.stop_reason.empty()) {
        put(out, "  ended early: {}\n", one_line(run.stop_reason));
    }
    for (const auto& cell : summary.cells) {
        put(out, "\n  {}\n", bold(one_line(cell.label()), style));
        for (const auto& check : cell.checks) {
            const auto grades = check.grades();
            put(out,
                "    {} {}{}\n",
                mark(check.verdict(), style),
                one_line(check.sentence()),
                grades.empty() ? "" : one_line(" " + grades + "."));
        }
        append_observer_lines(out, cell);
        append_trials(out, cell, style);
    }
    put(out, "\n  repeat: {}\n", one_line(command_text(run)));
    return out;
}

LiveProgress::LiveProgress(TerminalStyle style, std::function<void(std::string_view)> write)
    : style_(style), write_(std::move(write)) {}

void LiveProgress::run_started(const RunRecord& run) {
    planned_ = static_cast<std::size_t>(std::max(0, run.planned_trials));
    line(fmt::format("{}: {}, seed {}", one_line(run.id), plural(planned_, "trial"), run.seed));
}

void LiveProgress::trial_started(const TrialRecord& trial) {
    running_[trial.number] = "start";
    widest_ = std::max(widest_, running_.size());
    draw_bar();
}

void LiveProgress::phase_started(std::int64_t trial, std::string_view name) {
    running_[trial] = one_line(name);
    draw_bar();
}

void LiveProgress::trial_finished(const TrialRecord& trial) {
    running_.erase(trial.number);
    ++finished_;
    spent_ += trial.wall;
    failed_ += trial.verdict == Verdict::fail ? 1 : 0;
    inconclusive_ += trial.verdict == Verdict::inconclusive ? 1 : 0;
    const auto digits = std::to_string(planned_).size();
    std::string where = one_line(trial.experiment);
    for (const auto& [name, value] : trial.cell.all()) {
        where += " " + one_line(name) + "=" + one_line(to_text(value));
    }
    line(fmt::format("{} {:>{}}/{}  {}  {}  {}",
                     mark(trial.verdict, style_),
                     trial.number,
                     digits,
                     planned_,
                     where,
                     to_text(trial.wall),
                     one_line(trial.reason)));
}

void LiveProgress::stopping(const std::string& reason) {
    stopping_ = true;
    line(fmt::format("stopping: {}; faults are healed and everything is taken down",
                     one_line(reason)));
}

void LiveProgress::run_finished() {
    if (bar_shown_) {
        write_("\r\x1b[K");
    }
    bar_shown_ = false;
    running_.clear();
}

void LiveProgress::line(const std::string& text) {
    write_((bar_shown_ ? "\r\x1b[K" : "") + text + "\n");
    bar_shown_ = false;
    draw_bar();
}

void LiveProgress::draw_bar() {
    if (!style_.live || planned_ == 0) {
        return;
    }
    // One column stays free: some terminals wrap when the last one is written.
    write_("\r\x1b[K" + cut(bar(), style_.width - 1));
    bar_shown_ = true;
}

std::string LiveProgress::bar() const {
    const std::size_t filled = std::min(bar_width, bar_width * finished_ / planned_);
    std::string text = "[";
    for (std::size_t i = 0; i < bar_width; ++i) {
        text += i < filled ? "█" : "·";
    }
    put(text, "] {}/{}", finished_, planned_);
    if (failed_ != 0) {
        put(text, ", {} failed", failed_);
    }
    if (inconclusive_ != 0) {
        put(text, ", {} inconclusive", inconclusive_);
    }
    for (const auto& [trial, phase] : running_) {
        put(text, " · {} {}", trial, phase);
    }
    if (stopping_) {
        text += " · stopping";
    } else if (finished_ != 0 && finished_ < planned_) {
        const auto each = spent_ / static_cast<std::int64_t>(finished_);
        const auto left = each * static_cast<std::int64_t>(planned_ - finished_);
        put(text, " · {}", minutes_left(left / static_cast<std::int64_t>(widest_)));
    }
    return text;
}

}  // namespace ordeal::reports
