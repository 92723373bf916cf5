#pragma once

#include "reports/summary.hpp"

#include <string>
#include <vector>

namespace ordeal::reports {

/// A scale of time that fits all latencies of some observers: decades of seconds.
struct StripScale {
    int first_decade = -2;  ///< 10^first_decade seconds at the left end
    int last_decade = 1;
};

[[nodiscard]] StripScale scale_for(const std::vector<ObserverSummary>& observers);

/// The scale's axis, to stand above strips (SVG).
[[nodiscard]] std::string strip_axis_svg(StripScale scale);

/// One dot per trial at its detection latency (many trials: heaps), those who never noticed in a
/// field of their own at the right end, and a mark at the median (SVG).
[[nodiscard]] std::string strip_svg(const ObserverSummary& observer, StripScale scale);

}  // namespace ordeal::reports
