#pragma once

#include "reports/story.hpp"

#include <span>
#include <string>

namespace ordeal::reports {

/// A trial as a picture (SVG, for the style sheet of the report): true health on top, one lane per
/// observer in the order of `observers`, the load's progress, the console; fault marks through all
/// of them; seconds since the start of the trial below. Shows the span in which observers are
/// judged and a little before it. Empty when there is nothing to show.
[[nodiscard]] std::string timeline_svg(const Story& story,
                                       std::span<const std::string> observers,
                                       const std::string& title);

}  // namespace ordeal::reports
