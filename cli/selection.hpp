#pragma once

#include "campaign/plan.hpp"
#include "cli/options.hpp"

namespace ordeal::cli {

/// The plan's options from the command line; without --seed a new seed from the system.
[[nodiscard]] PlanOptions plan_options(const SelectionOptions& options);

}  // namespace ordeal::cli
