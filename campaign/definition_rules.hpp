#pragma once

#include "campaign/kind_library.hpp"
#include "core/document.hpp"
#include "core/experiment.hpp"

namespace ordeal {

/// Judges what one table says by what the others say: names that nobody has or that two have, times
/// that do not fit into each other, needs of kinds, observers that are not there, nothing to judge.
///
/// Of the `needs` of an entry these can be judged here: "pvpanic" (the target has the device),
/// "service" (the experiment has one), "disk", "load" (the target has one, for a check any domain),
/// "recover" (the experiment recovers), and a probe's kind. All others are for the testbed to say.
void check_rules(const Document& document,
                 const Node& root,
                 const Experiment& experiment,
                 const KindLibrary& kinds,
                 Diagnostics& out);

}  // namespace ordeal
