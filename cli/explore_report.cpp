#include "cli/explore_report.hpp"

#include "core/units.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

using namespace verifier::crash;  // NOLINT(google-build-using-namespace)

constexpr std::size_t bad_printed = 10;
constexpr std::size_t picture_width = 72;

std::string headline(const Exploration& found) {
    const auto& coverage = found.coverage;
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

std::string rules_text(const CrashRules& rules) {
    auto text = fmt::format(
        "{}, cache={}, {}", name_of(rules.fault), name_of(rules.cache), name_of(rules.format));
    if (rules.lying_flushes == CrashRules::all_flushes) {
        text += ", no flush counts";
    } else if (rules.lying_flushes != 0) {
        text += fmt::format(", the last {} flushes were lies", rules.lying_flushes);
    }
    if (rules.damage != SectorDamage::none) {
        text += fmt::format(", sectors may be {}", name_of(rules.damage));
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

std::string explore_text(const Trace& trace, const CrashRules& rules, const Exploration& found) {
    const auto& coverage = found.coverage;
    auto text = fmt::format("{}\n\n", headline(found));
    const auto line = [&](std::string_view name, const std::string& value) {
        text += fmt::format("  {:<16} {}\n", name, value);
    };
    line("trace",
         fmt::format("{:016x}, {} events{}",
                     trace.name,
                     trace.events.size(),
                     trace.cut ? ", cut at its end" : ""));
    line("fault", rules_text(rules));
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

std::string explore_json(const Trace& trace, const CrashRules& rules, const Exploration& found) {
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
    const nlohmann::json all{{"trace", fmt::format("{:016x}", trace.name)},
                             {"events", trace.events.size()},
                             {"cut", trace.cut},
                             {"fault", rules_text(rules)},
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
    return all.dump(2) + "\n";
}

}  // namespace ordeal::cli
