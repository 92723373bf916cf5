#pragma once

#include "core/diagnostic.hpp"
#include "core/document.hpp"
#include "core/experiment.hpp"

/// The table [service].
namespace ordeal {

/// Reports what no service can be, and members that are not there.
void check_service(const Document& document,
                   const Node& root,
                   const Experiment& experiment,
                   Diagnostics& out);

}  // namespace ordeal
