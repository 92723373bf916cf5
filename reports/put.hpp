#pragma once

#include <fmt/format.h>
#include <iterator>
#include <string>
#include <utility>

namespace ordeal::reports {

/// Appends what fmt makes of `format` and `values`.
template <class... Values>
void put(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
}

}  // namespace ordeal::reports
