#include "cli/explore_report.hpp"

#include "core/units.hpp"
#include "reports/crash_states.hpp"
#include "reports/escape.hpp"
#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/junit.hpp"
#include "reports/markdown.hpp"
#include "verifier/crash_run.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

using namespace verifier::crash;  // NOLINT(google-build-using-namespace)

constexpr std::size_t bad_printed = 10;
constexpr std::size_t picture_width = 72;

std::string headline(const Exploration& found, const Fields& facts) {
    const auto& coverage = found.coverage;
    const auto condemned = facts.get<std::int64_t>("oracle_bad");
    if (condemned != 0 && found.bad_leaves == 0 && found.disagreements == 0) {
        return fmt::format("BAD: the oracle condemns {} of {} sampled states",
                           condemned,
                           facts.get<std::int64_t>("oracle_shown"));
    }
    if (found.bad_recovery != 0 && found.bad == 0) {
        return fmt::format("BAD: {} of {} covered crashes during recovery",
                           to_text(found.bad_recovery),
                           to_text(found.recovery.covered));
    }
    if (found.bad_leaves != 0 || found.disagreements != 0) {
        return fmt::format("BAD: {}{} of {} covered crash states",
                           found.bad_exact ? "" : "about ",
                           to_text(found.bad),
                           to_text(coverage.covered));
    }
    if (found.complete()) {
        return "No bad state among all that are possible";
    }
    return "No bad state among those covered; not all were";
}

/// One letter for a stretch of instants: '#' something bad, '?' not all covered, else how much was
/// in flight.
std::string picture(const Exploration& found) {
    const auto width = std::min(picture_width, found.instants.size());
    std::string letters;
    for (std::size_t column = 0; column < width; ++column) {
        const auto from = column * found.instants.size() / width;
        const auto to = (column + 1) * found.instants.size() / width;
        char letter = ' ';
        std::size_t atoms = 0;
        for (auto index = from; index < to; ++index) {
            const auto& instant = found.instants[index];
            atoms = std::max(atoms, instant.atoms);
            if (instant.bad != 0) {
                letter = '#';
            } else if (instant.covered != instant.possible && letter != '#') {
                letter = '?';
            }
        }
        constexpr std::string_view heights = ".:-=+*";
        const auto height = std::min(heights.size() - 1, static_cast<std::size_t>(atoms / 16));
        letters.push_back(letter == ' ' ? heights[height] : letter);
    }
    return letters;
}

std::string oracle_text(const Fields& facts) {
    if (!facts.has("oracle_shown")) {
        return {};
    }
    auto text = fmt::format("  {:<16} shown {} states, a sample; condemned {}\n",
                            "oracle",
                            facts.get<std::int64_t>("oracle_shown"),
                            facts.get<std::int64_t>("oracle_bad"));
    auto left = bad_printed;
    for (const auto& bad : reports::bad_states(facts)) {
        if (bad.kind == "oracle" && left != 0) {
            text += fmt::format("    {}\n      {}\n", bad.id, reports::one_line(bad.words));
            --left;
        }
    }
    return text;
}

std::string bad_text(const BadState& bad) {
    auto text = fmt::format("\n  {} at {} ({} states)\n    {}\n",
                            name_of(bad.kind),
                            ordeal::to_text(Duration(static_cast<std::int64_t>(bad.time))),
                            to_text(bad.states),
                            bad.id.text());
    if (bad.least.decided.size() < bad.id.decided.size()) {
        text += fmt::format("    with fewest writes: {}\n", bad.least.text());
    }
    for (const auto& words : bad.words) {
        text += fmt::format("    {}\n", words);
    }
    return text;
}

}  // namespace

std::string explore_text(const Trace& trace,
                         const CrashRules& rules,
                         const Exploration& found,
                         const Fields& facts) {
    const auto& coverage = found.coverage;
    auto text = fmt::format("{}\n\n", headline(found, facts));
    const auto line = [&](std::string_view name, const std::string& value) {
        text += fmt::format("  {:<16} {}\n", name, value);
    };
    line("trace",
         fmt::format("{:016x}, {} events{}",
                     trace.name,
                     trace.events.size(),
                     trace.cut ? ", cut at its end" : ""));
    line("fault", verifier::rules_text(rules));
    line("crash states",
         fmt::format("{} of {} covered, {}",
                     to_text(coverage.covered),
                     to_text(coverage.possible),
                     coverage.complete() ? "complete" : "partial"));
    if (!found.sampled_by.empty()) {
        line("a sample only", "judged by " + found.sampled_by);
    }
    if (found.recovery.instants != 0) {
        line("in recovery",
             fmt::format("{} of {} covered, {}; {} bad",
                         to_text(found.recovery.covered),
                         to_text(found.recovery.possible),
                         found.complete() ? "complete" : "partial",
                         to_text(found.bad_recovery)));
    }
    line("instants",
         fmt::format("{}, {} atoms of {} bytes{}",
                     coverage.instants,
                     found.atoms,
                     trace.header.atom,
                     coverage.partial_instants == 0
                         ? ""
                         : fmt::format(", {} partial", coverage.partial_instants)));
    line("runs",
         fmt::format("{} in {} ({} sound, {} bad, {} not judged)",
                     coverage.runs,
                     ordeal::to_text(found.took),
                     found.sound_leaves,
                     found.bad_leaves,
                     found.unjudged_leaves));
    line("unique images",
         fmt::format("{} after recovery; e2fsck ruled on {}, and on {} raw ones",
                     found.unique_images,
                     found.refereed,
                     found.refereed_raw));
    line("acknowledged",
         fmt::format("{} writes; {} promises checked, {} broken",
                     found.acknowledged,
                     found.promises_checked,
                     found.promises_broken));
    text += oracle_text(facts);
    line("over time", picture(found));
    for (std::size_t i = 0; i < std::min(bad_printed, found.bad_states.size()); ++i) {
        text += bad_text(found.bad_states[i]);
    }
    if (found.bad_states.size() > bad_printed) {
        text += fmt::format("\n  and {} more; --json has them\n",
                            found.bad_states.size() - bad_printed);
    }
    return text;
}

std::string explore_json(const Trace& trace,
                         const CrashRules& rules,
                         const Exploration& found,
                         const Fields& facts) {
    nlohmann::json bad = nlohmann::json::array();
    for (const auto& one : found.bad_states) {
        bad.push_back({{"kind", name_of(one.kind)},
                       {"state", one.id.text()},
                       {"least", one.least.text()},
                       {"time_ns", one.time},
                       {"states", one.states.str()},
                       {"words", one.words}});
    }
    nlohmann::json instants = nlohmann::json::array();
    for (const auto& instant : found.instants) {
        instants.push_back({{"number", instant.number},
                            {"event", instant.event},
                            {"time_ns", instant.time},
                            {"atoms", instant.atoms},
                            {"possible", instant.possible.str()},
                            {"covered", instant.covered.str()},
                            {"bad", instant.bad.str()},
                            {"runs", instant.runs}});
    }
    nlohmann::json all{{"trace", fmt::format("{:016x}", trace.name)},
                       {"events", trace.events.size()},
                       {"cut", trace.cut},
                       {"fault", verifier::rules_text(rules)},
                       {"atom_bytes", trace.header.atom},
                       {"atoms", found.atoms},
                       {"possible", found.coverage.possible.str()},
                       {"covered", found.coverage.covered.str()},
                       {"complete", found.coverage.complete()},
                       {"sampled_by", found.sampled_by},
                       {"caveats", trace.caveats},
                       {"bad", found.bad.str()},
                       {"bad_exact", found.bad_exact},
                       {"recovery",
                        {{"possible", found.recovery.possible.str()},
                         {"covered", found.recovery.covered.str()},
                         {"complete", found.complete()},
                         {"bad", found.bad_recovery.str()},
                         {"runs", found.recovery.runs}}},
                       {"runs", found.coverage.runs},
                       {"partial_instants", found.coverage.partial_instants},
                       {"sound_leaves", found.sound_leaves},
                       {"bad_leaves", found.bad_leaves},
                       {"unjudged_leaves", found.unjudged_leaves},
                       {"disagreements", found.disagreements},
                       {"unique_images", found.unique_images},
                       {"refereed", found.refereed},
                       {"refereed_raw", found.refereed_raw},
                       {"acknowledged", found.acknowledged},
                       {"promises_checked", found.promises_checked},
                       {"promises_broken", found.promises_broken},
                       {"seconds", seconds(found.took)},
                       {"bad_states", std::move(bad)},
                       {"instants", std::move(instants)}};
    if (facts.has("oracle_shown")) {
        nlohmann::json condemned = nlohmann::json::array();
        for (const auto& state : reports::bad_states(facts)) {
            if (state.kind == "oracle") {
                condemned.push_back({{"state", state.id}, {"words", state.words}});
            }
        }
        all["oracle"] = {{"shown", facts.get<std::int64_t>("oracle_shown")},
                         {"condemned", facts.get<std::int64_t>("oracle_bad")},
                         {"states", std::move(condemned)}};
    }
    // An oracle's words may be any bytes.
    return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

namespace {

/// As if it were a run of one trial.
RunRecord as_run(const ExploreOptions& options, const Fields& facts, WallTime began) {
    const auto subject = options.trace.filename().string();
    auto finding = verifier::crash_finding(facts, subject);
    TrialRecord trial{.number = 1,
                      .experiment = "explore",
                      .started = began,
                      .wall = facts.get<Duration>("took"),
                      .verdict = finding.verdict,
                      .reason = finding.summary};
    trial.findings.push_back(std::move(finding));
    trial.history = History({{Instant{},
                              std::string(event::examined),
                              std::string(verifier::crash_check),
                              subject,
                              facts}});
    RunRecord run{.id = subject, .started = began, .wall = trial.wall, .finished = true};
    run.command_line = {"ordeal",
                        "explore",
                        options.trace.string(),
                        "--base",
                        options.base.string(),
                        "--fault",
                        options.fault,
                        "--cache",
                        options.cache,
                        "--format",
                        options.format,
                        "--damage",
                        options.damage,
                        "--lying-flushes",
                        std::to_string(options.lying_flushes)};
    if (!options.oracle.empty()) {
        run.command_line.insert(run.command_line.end(), {"--oracle", options.oracle});
    }
    run.planned_trials = 1;
    run.experiments.push_back({.name = "explore",
                               .title = "Crash states of " + subject,
                               .question = "What could a crash have left of the recorded disk?"});
    run.trials.push_back(std::move(trial));
    return run;
}

}  // namespace

Status write_explore_reports(const ExploreOptions& options, const Fields& facts, WallTime began) {
    const auto run = as_run(options, facts, began);
    Status written = ok();
    if (!options.html.empty()) {
        written = reports::write_html(run, options.html);
    }
    if (written && !options.junit.empty()) {
        written = reports::write_junit(run, options.junit);
    }
    if (written && !options.json_report.empty()) {
        written = reports::write_json(run, options.json_report);
    }
    if (written && !options.markdown.empty()) {
        written = reports::write_markdown(run, options.markdown);
    }
    return written;
}

}  // namespace ordeal::cli
