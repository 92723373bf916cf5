#pragma once

#include "verifier/crash/exploration.hpp"

#include <vector>

namespace ordeal::verifier::crash {

/// Gives each bad state its `least`: the same with as few writes applied as keep it bad in the same
/// way: none of them can be left out alone. Those of cut recoveries and disagreements keep their
/// id. `bad` is in the order of instants. Looks at no more than `most` images for one state.
void shrink(const Trace& trace,
            const std::vector<std::byte>& base,
            const CrashRules& rules,
            Engine& engine,
            std::vector<BadState>& bad,
            std::size_t most = 400);

}  // namespace ordeal::verifier::crash
