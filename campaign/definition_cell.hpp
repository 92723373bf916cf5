#pragma once

#include "campaign/kind_library.hpp"
#include "core/document.hpp"
#include "core/experiment.hpp"

namespace ordeal {

/// Reads one cell's tree (see substitute()). Judges each table by itself: keys, types, units,
/// ranges, windows, kinds and their parameters. There is one spec for each table of a section, in
/// their order; what was wrong in it is left empty. `cell` is not filled.
[[nodiscard]] Experiment read_cell(const Document& document,
                                   const Node& root,
                                   const KindLibrary& kinds,
                                   Diagnostics& out);

}  // namespace ordeal
