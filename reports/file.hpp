#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <string_view>

namespace ordeal::reports {

/// Writes `text` to a new file beside `path` and renames it, so that a reader never sees half a
/// report. Errors: `unavailable`.
[[nodiscard]] Status write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace ordeal::reports
