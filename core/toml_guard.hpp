#pragma once

#include "core/diagnostic.hpp"

#include <cstddef>
#include <string_view>

namespace ordeal {

/// Limits of a file of ours. They are far above any honest file and far below what makes the parser
/// slow or lets it overflow the stack (toml11 3.7 does at 5,000 brackets).
inline constexpr std::size_t toml_max_bytes = std::size_t{1} << 20U;
inline constexpr std::size_t toml_max_line = 1024;
inline constexpr std::size_t toml_max_depth = 64;

/// Looks at `text` before any parser sees it: empty, too large, NUL bytes, not UTF-8, a line too
/// long, brackets nested too deep. Reports and returns false when it must not be parsed.
[[nodiscard]] bool guard_toml(std::string_view name, std::string_view text, Diagnostics& out);

}  // namespace ordeal
