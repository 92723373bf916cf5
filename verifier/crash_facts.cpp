#include "verifier/crash_run.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unordered_set>

namespace ordeal::verifier {
namespace {

using namespace crash;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t columns = 120;
constexpr std::size_t bad_told = 50;
constexpr std::size_t evidence_lines = 5;

struct Column {
    std::size_t in_flight = 0;
    std::size_t flushes = 0;
    int mark = 0;  ///< 0 none, 1 sound, 2 partial, 3 bad
};

std::uint64_t end_of(const Trace& trace) {
    return trace.events.empty() ? 0 : trace.events.back().time;
}

/// Before it there is nothing to tell: a machine that boots only reads its disk.
std::uint64_t first_write(const Trace& trace) {
    const auto found = std::ranges::find_if(trace.events, [](const TraceEvent& event) {
        return event.type == EventType::write || event.type == EventType::zeroes ||
               event.type == EventType::discard;
    });
    return found == trace.events.end() ? 0 : found->time;
}

/// When each flush completed, ns.
std::vector<std::uint64_t> completed_flushes(const Trace& trace) {
    std::unordered_set<std::uint64_t> open;
    std::vector<std::uint64_t> times;
    for (const auto& event : trace.events) {
        if (event.type == EventType::flush) {
            open.insert(event.request);
        } else if (event.type == EventType::completion && event.error == 0 &&
                   open.erase(event.request) != 0) {
            times.push_back(event.time);
        }
    }
    return times;
}

std::vector<std::string> picture(const Trace& trace,
                                 const Exploration& found,
                                 const std::vector<std::uint64_t>& flushes) {
    static constexpr std::array marks{"none", "sound", "partial", "bad"};
    const auto begin = first_write(trace);
    const auto span = end_of(trace) - begin + 1;
    std::vector<Column> stretches(columns);
    const auto at = [&](std::uint64_t time) -> Column& {
        // Of the product no more than 2^64 ns × 120: days of recording.
        return stretches[std::min(columns - 1, (std::max(time, begin) - begin) * columns / span)];
    };
    for (const auto time : flushes) {
        ++at(time).flushes;
    }
    for (const auto& instant : found.instants) {
        auto& column = at(instant.time);
        column.in_flight = std::max(column.in_flight, instant.atoms);
        const bool bad = instant.bad != 0 || instant.bad_recovery != 0;
        const int mark = bad ? 3 : instant.covered != instant.possible ? 2 : 1;
        column.mark = std::max(column.mark, mark);
    }
    std::vector<std::string> texts;
    for (const auto& column : stretches) {
        texts.push_back(fmt::format("{}, {}, {}",
                                    column.in_flight,
                                    column.flushes,
                                    marks[static_cast<std::size_t>(column.mark)]));
    }
    return texts;
}

std::vector<std::string> bad_states(const Exploration& found) {
    std::vector<std::string> texts;
    for (const auto& bad : found.bad_states) {
        if (texts.size() == bad_told) {
            break;
        }
        texts.push_back(fmt::format("{} | {} | {} | {} | {} | {}",
                                    name_of(bad.kind),
                                    bad.time,
                                    to_text(bad.states),
                                    bad.id.text(),
                                    bad.least.text(),
                                    fmt::join(bad.words, "; ")));
    }
    return texts;
}

/// "structure at 1.2 s, 4 states, id 00f3…: words"
std::string bad_sentence(const std::string& state) {
    std::vector<std::string> parts;
    std::string_view rest = state;
    while (parts.size() < 5) {
        const auto bar = std::min(rest.find(" | "), rest.size());
        parts.emplace_back(rest.substr(0, bar));
        rest.remove_prefix(std::min(bar + 3, rest.size()));
    }
    const auto time = std::strtoll(parts[1].c_str(), nullptr, 10);
    return fmt::format("{} at {}, states: {}, id {}: {}",
                       parts[0],
                       ordeal::to_text(Duration(time)),
                       parts[2],
                       parts[3],
                       rest);
}

bool some_bad(const Fields& facts) {
    return facts.get<std::int64_t>("bad_leaves") != 0 ||
           facts.get<std::int64_t>("disagreements") != 0;
}

Finding told(const Fields& facts, std::string subject) {
    Finding finding{.check = std::string(crash_check), .subject = std::move(subject)};
    finding.summary =
        fmt::format("{} of {} crash states covered, {}",
                    facts.get<std::string>("covered"),
                    facts.get<std::string>("possible"),
                    facts.get<bool>("complete") ? std::string("complete") : "partial");
    for (const auto* figure : {"runs",
                               "atoms",
                               "unique_images",
                               "refereed",
                               "acknowledged",
                               "promises_checked",
                               "promises_broken",
                               "bad_leaves"}) {
        finding.figures.set(figure, facts.get<std::int64_t>(figure));
    }
    if (const auto* shown = facts.find<std::int64_t>("oracle_shown")) {
        finding.figures.set("oracle_shown", *shown);
    }
    finding.figures.set("complete", facts.get<bool>("complete"));
    finding.figures.set("took", facts.get<Duration>("took"));
    const auto bad = facts.get<std::vector<std::string>>("bad_states");
    for (std::size_t i = 0; i < std::min(bad.size(), evidence_lines); ++i) {
        finding.evidence.push_back(bad_sentence(bad[i]));
    }
    if (bad.size() > evidence_lines) {
        finding.evidence.push_back(fmt::format("and {} more", bad.size() - evidence_lines));
    }
    return finding;
}

std::string bad_words(const Fields& facts) {
    if (facts.get<std::int64_t>("bad_leaves") == 0) {
        return "our engine and e2fsck disagree";
    }
    const auto recovery = facts.get<std::string>("bad_recovery", "0");
    return fmt::format("{}{} of them bad{}",
                       facts.get<bool>("bad_exact", true) ? "" : "about ",
                       facts.get<std::string>("bad"),
                       recovery == "0" ? "" : ", and " + recovery + " of crashes during recovery");
}

/// Who asks for an oracle's judgement and gets none has no pass.
void append_oracle_trouble(Finding& finding, const Fields& facts) {
    if (const auto error = facts.get<std::string>("oracle_error"); !error.empty()) {
        finding.verdict = Verdict::inconclusive;
        finding.summary += "; the oracle could not be asked: " + error;
    } else if (facts.has("oracle_shown") && facts.get<std::int64_t>("oracle_shown") == 0) {
        finding.verdict = Verdict::inconclusive;
        finding.summary += "; the oracle was shown nothing";
    }
}

}  // namespace

Fields crash_facts(const Trace& trace, const CrashRules& rules, const Exploration& found) {
    const auto count = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
    const auto flushes = completed_flushes(trace);
    const auto& coverage = found.coverage;
    return {{"trace", fmt::format("{:016x}", trace.name)},
            {"events", count(trace.events.size())},
            {"cut", trace.cut},
            {"recorded", Duration(count(end_of(trace)))},
            {"first_write", Duration(count(first_write(trace)))},
            {"fault", rules_text(rules)},
            {"sector", Bytes{trace.header.atom}},
            {"epochs", count(flushes.size())},
            {"instants", count(coverage.instants)},
            {"partial_instants", count(coverage.partial_instants)},
            {"atoms", count(found.atoms)},
            {"possible", to_text(coverage.possible)},
            {"covered", to_text(coverage.covered)},
            {"complete", found.complete()},
            {"recovery_possible", to_text(found.recovery.possible)},
            {"recovery_covered", to_text(found.recovery.covered)},
            {"recovery_runs", count(found.recovery.runs)},
            {"bad_recovery", to_text(found.bad_recovery)},
            {"sampled_by", found.sampled_by},
            {"caveats", trace.caveats},
            {"runs", count(coverage.runs)},
            {"sound_leaves", count(found.sound_leaves)},
            {"bad_leaves", count(found.bad_leaves)},
            {"unjudged_leaves", count(found.unjudged_leaves)},
            {"disagreements", count(found.disagreements)},
            {"bad", to_text(found.bad)},
            {"bad_exact", found.bad_exact},
            {"unique_images", count(found.unique_images)},
            {"refereed", count(found.refereed)},
            {"refereed_raw", count(found.refereed_raw)},
            {"acknowledged", count(found.acknowledged)},
            {"promises_checked", count(found.promises_checked)},
            {"promises_broken", count(found.promises_broken)},
            {"took", found.took},
            {"bad_states", bad_states(found)},
            {"picture", picture(trace, found, flushes)}};
}

void add_oracle(Fields& facts, const UserOracleReport& report) {
    auto states = facts.get<std::vector<std::string>>("bad_states");
    for (const auto& bad : report.bad) {
        if (states.size() < bad_told) {
            const auto id = bad.id.text();
            states.push_back(
                fmt::format("oracle | {} | 1 | {} | {} | {}", bad.time, id, id, bad.words));
        }
    }
    facts.set("bad_states", std::move(states));
    facts.set("oracle_shown", static_cast<std::int64_t>(report.shown));
    facts.set("oracle_bad", static_cast<std::int64_t>(report.bad.size()));
}

void add_oracle_trouble(Fields& facts, const Error& error) {
    facts.set("oracle_error", error.text());
}

Finding crash_finding(const Fields& facts, std::string subject) {
    auto finding = told(facts, std::move(subject));
    if (facts.get<std::int64_t>("oracle_bad") != 0) {
        finding.verdict = Verdict::fail;
        finding.summary += fmt::format("; the oracle condemns {} of {} sampled states",
                                       facts.get<std::int64_t>("oracle_bad"),
                                       facts.get<std::int64_t>("oracle_shown"));
    } else if (some_bad(facts)) {
        finding.verdict = Verdict::fail;
        finding.summary += ", " + bad_words(facts);
    } else if (facts.get<std::int64_t>("sound_leaves") == 0) {
        finding.summary += "; nothing was judged";
    } else if (facts.get<std::int64_t>("unjudged_leaves") != 0) {
        finding.summary += fmt::format("; {} runs could not be judged",
                                       facts.get<std::int64_t>("unjudged_leaves"));
    } else if (facts.get<bool>("complete")) {
        finding.verdict = Verdict::pass;
        finding.summary += ", none bad";
        append_oracle_trouble(finding, facts);
    } else {
        finding.summary += ", none bad among those; the others are not known";
    }
    return finding;
}

Finding crash_finding_expecting_bad(const Fields& facts, std::string subject) {
    auto finding = told(facts, std::move(subject));
    const bool judged = facts.get<std::int64_t>("sound_leaves") != 0 &&
                        facts.get<std::int64_t>("unjudged_leaves") == 0;
    // Of a state that only one of the two engines calls bad, nobody knows.
    const auto disagreements = facts.get<std::int64_t>("disagreements");
    if (disagreements != 0 && disagreements >= facts.get<std::int64_t>("bad_leaves")) {
        finding.verdict = Verdict::fail;
        finding.summary += "; our engine and e2fsck disagree about all that is bad";
    } else if (facts.get<std::int64_t>("oracle_bad") != 0) {
        finding.verdict = Verdict::pass;
        finding.summary += "; the oracle condemns some, as this control expects";
    } else if (facts.get<std::int64_t>("bad_leaves") != 0) {
        finding.verdict = Verdict::pass;
        finding.summary += ", " + bad_words(facts) + ", as this control expects";
    } else if (judged && facts.get<bool>("complete")) {
        finding.verdict = Verdict::fail;
        finding.summary += ", none bad, where this control expects some";
    } else {
        finding.summary += ", none bad among those, where this control expects some";
    }
    return finding;
}

}  // namespace ordeal::verifier
