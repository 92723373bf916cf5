#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <filesystem>
#include <string>

namespace ordeal {

/// A new directory `<root>/<date>-<time>-<name>` (local time, with a number where that is taken),
/// to which `<root>/latest` points.
[[nodiscard]] Result<std::filesystem::path> make_run_directory(const std::filesystem::path& root,
                                                               const std::string& name,
                                                               WallTime now);

/// Exactly this one; refused when it exists and is not empty.
[[nodiscard]] Result<std::filesystem::path> make_run_directory(const std::filesystem::path& out);

}  // namespace ordeal
