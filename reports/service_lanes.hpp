#pragma once

#include "reports/story.hpp"

#include <vector>

namespace ordeal::reports {

/// For each server when it answered clients, then when nobody did, then for each owner of the
/// service's address when it had it. Outcomes count what falls into `judged`. Empty without a
/// service.
[[nodiscard]] std::vector<ServiceLane> service_lanes(const History& history, const Span& judged);

}  // namespace ordeal::reports
