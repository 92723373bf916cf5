#pragma once

#include "core/diagnostic.hpp"
#include "core/document.hpp"
#include "core/experiment.hpp"

#include <optional>

/// The table [cluster].
namespace ordeal {

/// What it says by itself; with the timings of its stack only. None: it is not there.
[[nodiscard]] std::optional<ClusterSpec> read_cluster(const Document& document,
                                                      const Node& root,
                                                      Diagnostics& out);

/// Reports what no cluster can be, and members that cannot be in one.
void check_cluster(const Document& document,
                   const Node& root,
                   const Experiment& experiment,
                   Diagnostics& out);

}  // namespace ordeal
