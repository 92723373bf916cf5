#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace ordeal {

/// Replaces the file; it never has a wider mode than `mode`.
[[nodiscard]] Status write_file(const std::filesystem::path& path,
                                std::string_view text,
                                mode_t mode = 0644);

/// Makes it with what leads to it; fine when it is there.
[[nodiscard]] Status make_directory(const std::filesystem::path& path);

/// A new random UUID from the kernel.
[[nodiscard]] Result<std::string> random_uuid();

}  // namespace ordeal
