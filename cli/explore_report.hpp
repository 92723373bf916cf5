#pragma once

#include "verifier/crash/exploration.hpp"

#include <string>

namespace ordeal::cli {

/// What an exploration found, for people.
[[nodiscard]] std::string explore_text(const verifier::crash::Trace& trace,
                                       const verifier::crash::CrashRules& rules,
                                       const verifier::crash::Exploration& found);

/// The same for programs. Counts of states are text, as they are larger than JSON's numbers.
[[nodiscard]] std::string explore_json(const verifier::crash::Trace& trace,
                                       const verifier::crash::CrashRules& rules,
                                       const verifier::crash::Exploration& found);

}  // namespace ordeal::cli
