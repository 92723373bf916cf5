#pragma once

#include "cli/options.hpp"
#include "core/fields.hpp"
#include "core/units.hpp"
#include "verifier/crash/exploration.hpp"

#include <string>

namespace ordeal::cli {

/// What an exploration found, for people. `facts` are verifier::crash_facts() of it, with what a
/// user's oracle said.
[[nodiscard]] std::string explore_text(const verifier::crash::Trace& trace,
                                       const verifier::crash::CrashRules& rules,
                                       const verifier::crash::Exploration& found,
                                       const Fields& facts);

/// The same for programs. Counts of states are text, as they are larger than JSON's numbers.
[[nodiscard]] std::string explore_json(const verifier::crash::Trace& trace,
                                       const verifier::crash::CrashRules& rules,
                                       const verifier::crash::Exploration& found,
                                       const Fields& facts);

/// Writes the report files that were asked for, as of a run with one trial.
[[nodiscard]] Status write_explore_reports(const ExploreOptions& options,
                                           const Fields& facts,
                                           WallTime began);

}  // namespace ordeal::cli
