#pragma once

#include "campaign/kind_library.hpp"
#include "core/diagnostic.hpp"
#include "core/document.hpp"
#include "core/experiment.hpp"

namespace ordeal {

/// Judges when faults come and on how many: groups, strikes that do not fit into the load or into
/// each other, triggers that can never come, and groups of which too few would be left alone.
///
/// For `keep_alive` the worst of all draws counts. A member is struck from the earliest instant of
/// a strike to the latest of its healing; to the end when the kind is not healed, or when the fault
/// waits for something. A fault of a host strikes the domains that are made there, too.
void check_schedule(const Document& document,
                    const Node& root,
                    const Experiment& experiment,
                    const KindLibrary& kinds,
                    Diagnostics& out);

}  // namespace ordeal
