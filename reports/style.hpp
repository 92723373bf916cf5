#pragma once

#include <string_view>

namespace ordeal::reports {

/// The text of reports/report.css.
[[nodiscard]] std::string_view style_sheet();

}  // namespace ordeal::reports
