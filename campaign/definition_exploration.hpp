#pragma once

#include "campaign/kind_library.hpp"
#include "core/diagnostic.hpp"
#include "core/document.hpp"
#include "core/experiment.hpp"

/// The key `explore` of an experiment.
namespace ordeal {

/// Reports what cannot be recorded or explored.
void check_exploration(const Document& document,
                       const Node& root,
                       const Experiment& experiment,
                       Diagnostics& out);

/// What `explore` means once all is right: the disks that loads write to are recorded, and the
/// check `every_crash_state` is there, by itself with its defaults.
void set_up_exploration(Experiment& experiment, const KindLibrary& kinds);

}  // namespace ordeal
