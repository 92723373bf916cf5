#include "cli/selection.hpp"

#include <random>

namespace ordeal::cli {

PlanOptions plan_options(const SelectionOptions& options) {
    PlanOptions plan;
    // Short enough to be copied by hand.
    plan.seed = options.seed.value_or(std::random_device{}());
    plan.trials = options.trials;
    plan.only = options.only;
    return plan;
}

}  // namespace ordeal::cli
