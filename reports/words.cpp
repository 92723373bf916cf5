#include "reports/summary.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace ordeal::reports {
namespace {

/// How a well-known check's outcome is said; other checks are named.
struct Phrase {
    std::string_view check;
    std::string_view held;
    std::string_view broken;
};

constexpr std::array phrases{
    Phrase{
        "no_acked_write_lost", "No acknowledged write was lost", "Acknowledged writes were lost"},
    Phrase{"filesystem_sound",
           "The filesystem was sound",
           "The filesystem was damaged beyond what is accepted"},
    Phrase{"every_crash_state",
           "Every state that a crash could have left was as expected",
           "A crash could have left a bad state"},
    Phrase{"recovers_within", "The domain was back in time", "The domain was not back in time"},
};

Phrase phrase_of(const std::string& check) {
    const auto known = std::ranges::find(phrases, check, &Phrase::check);
    return known == phrases.end() ? Phrase{} : *known;
}

std::string of(const std::string& subject) {
    return subject.empty() ? "" : fmt::format(" ({})", subject);
}

/// What an observer was expected to do, in words; `subject` is the observer.
struct Expectation {
    std::string_view expected;
    std::string_view held;
    std::string_view broken;
};

constexpr std::array expectations{
    Expectation{"agrees", "noticed in time and gave no false alarm", "was wrong or late"},
    Expectation{"false_alive",
                "went on calling the domain alive while it was down, as the experiment expects",
                "did not go on calling the domain alive, against the experiment's expectation"},
    Expectation{"false_dead",
                "called a serving domain dead, as the experiment expects",
                "did not call a serving domain dead, against the experiment's expectation"}};

/// Nothing when the trials say no expectation, or different ones.
const Expectation* expectation_of(const CheckSummary& summary) {
    const auto figure = summary.figures.find("expected");
    if (figure == summary.figures.end() || figure->second.occurring.size() != 1) {
        return nullptr;
    }
    const auto& word = figure->second.occurring.begin()->first;
    const auto known = std::ranges::find(expectations, word, &Expectation::expected);
    return known == expectations.end() ? nullptr : &*known;
}

std::string held(const CheckSummary& summary) {
    const auto phrase = phrase_of(summary.check);
    if (!phrase.held.empty()) {
        return std::string(phrase.held) + of(summary.subject);
    }
    if (const auto* expected = expectation_of(summary)) {
        return fmt::format("{} {}", summary.subject, expected->held);
    }
    return summary.subject.empty()
               ? fmt::format("{} held", summary.check)
               : fmt::format("{} did what the experiment expects", summary.subject);
}

std::string broken(const CheckSummary& summary) {
    const auto phrase = phrase_of(summary.check);
    if (!phrase.broken.empty()) {
        return std::string(phrase.broken) + of(summary.subject);
    }
    if (const auto* expected = expectation_of(summary)) {
        return fmt::format("{} {}", summary.subject, expected->broken);
    }
    return summary.subject.empty()
               ? fmt::format("{} did not hold", summary.check)
               : fmt::format("{} did not do what the experiment expects", summary.subject);
}

bool needs_quotes(std::string_view word) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./=:,+@%";
    return word.empty() || word.find_first_not_of(plain) != std::string_view::npos;
}

std::string shell_word(std::string_view word) {
    if (!needs_quotes(word)) {
        return std::string(word);
    }
    std::string out = "'";
    for (const char c : word) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

}  // namespace

std::string percent(double proportion) {
    const double value = proportion * 100;
    // 99.86 must not read as 100: certainty is only where there is some.
    const int digits = value > 99 && value < 100 ? 4 : 3;
    return fmt::format("{:.{}g} %", value, digits);
}

std::string spaced(std::string_view name) {
    std::string text(name);
    std::ranges::replace(text, '_', ' ');
    return text;
}

std::string duration_text(double seconds) {
    return to_text(Duration(std::llround(seconds * 1e9)));
}

std::string plural(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string stamp(WallTime at) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

std::string command_text(const RunRecord& run) {
    std::string text;
    bool has_seed = false;
    for (const auto& word : run.command_line) {
        text += (text.empty() ? "" : " ") + shell_word(word);
        has_seed = has_seed || word.starts_with("--seed");
    }
    return has_seed || text.empty() ? text : fmt::format("{} --seed {}", text, run.seed);
}

std::string_view glyph(Verdict verdict) {
    return verdict == Verdict::pass ? "✓" : verdict == Verdict::fail ? "✕" : "?";
}

std::string median_text(const ObserverSummary& observer) {
    const auto median = statistics::quantile(observer.latencies, 0.5).value;
    return median ? duration_text(*median) : observer.sightings.empty() ? "–" : "never";
}

std::string range_text(const std::vector<double>& values) {
    if (values.empty()) {
        return "–";
    }
    const auto [least, most] = std::ranges::minmax_element(values);
    return fmt::format("{} – {}", duration_text(*least), duration_text(*most));
}

Verdict CheckSummary::verdict() const {
    return trials.fail != 0                               ? Verdict::fail
           : trials.inconclusive != 0 || trials.pass == 0 ? Verdict::inconclusive
                                                          : Verdict::pass;
}

std::string CheckSummary::grades() const {
    std::string text;
    for (const auto& [name, figure] : figures) {
        if (figure.is_yes_no || figure.occurring.empty() || name == "expected") {
            continue;
        }
        text += (text.empty() ? "" : "; ") + spaced(name);
        std::string_view mark = ": ";
        for (const auto& [word, count] : figure.occurring) {
            text += fmt::format("{}{} in {}", mark, spaced(word), plural(count, "trial"));
            mark = ", ";
        }
    }
    if (!text.empty()) {
        text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    }
    return text;
}

std::string CheckSummary::sentence() const {
    const std::size_t judged = trials.pass + trials.fail;
    const std::string unsure =
        trials.inconclusive == 0
            ? ""
            : fmt::format(" {} could not tell.", plural(trials.inconclusive, "trial"));
    if (judged == 0) {
        return fmt::format("{}: nobody can say.{}", held(*this), unsure);
    }
    const auto bounds = statistics::proportion_bounds(trials.fail, judged);
    if (trials.fail == 0) {
        return fmt::format("{} in {}: the true rate of failure is at most {} at 95 % confidence.{}",
                           held(*this),
                           plural(judged, "trial"),
                           percent(bounds.high),
                           unsure);
    }
    const std::string range =
        trials.fail == judged
            ? fmt::format("at least {}", percent(bounds.low))
            : fmt::format("between {} and {}", percent(bounds.low), percent(bounds.high));
    return fmt::format("{} in {} of {}: the true rate is {} at 95 % confidence.{}",
                       broken(*this),
                       trials.fail,
                       plural(judged, "trial"),
                       range,
                       unsure);
}

std::string CellSummary::variant() const {
    std::string text;
    for (const auto& [key, value] : cell.all()) {
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", key, to_text(value));
    }
    return text;
}

std::string CellSummary::label() const {
    return cell.empty() ? name : name + " · " + variant();
}

std::string RunSummary::tally() const {
    std::string text = plural(counts.all(), "trial");
    const auto planned = static_cast<std::size_t>(std::max(run->planned_trials, 0));
    if (counts.all() < planned) {
        text = fmt::format("{} of {} planned trials", counts.all(), planned);
    }
    std::string_view mark = ": ";
    for (const auto& [count, word] : {std::pair{counts.fail, "failed"},
                                      std::pair{counts.inconclusive, "inconclusive"},
                                      std::pair{counts.pass, "passed"}}) {
        if (count != 0) {
            text += fmt::format("{}{} {}", mark, count, word);
            mark = ", ";
        }
    }
    return text;
}

std::string RunSummary::headline() const {
    if (run->residue) {
        return "Something of a fault is still there: run “ordeal rollback” before anything else.";
    }
    const std::size_t all = counts.all();
    if (all == 0) {
        return "No trial was finished, so nothing can be said.";
    }
    if (counts.fail != 0) {
        return fmt::format(
            "Not acceptable as tested: {} of {} failed.", counts.fail, plural(all, "trial"));
    }
    if (static_cast<int>(all) < run->planned_trials) {
        return fmt::format("No verdict: the run ended after {} of {} trials; none of them failed.",
                           all,
                           run->planned_trials);
    }
    if (counts.inconclusive != 0) {
        return fmt::format("No verdict: {} of {} could not be judged; none failed.",
                           counts.inconclusive,
                           plural(all, "trial"));
    }
    return all == 1 ? "Everything held in the one trial."
                    : fmt::format("Everything held in all {} trials.", all);
}

}  // namespace ordeal::reports
