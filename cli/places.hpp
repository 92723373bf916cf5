#pragma once

#include <filesystem>
#include <string>

namespace ordeal::cli {

/// Where runs are kept unless --out says otherwise: .ordeal/runs in the current directory.
[[nodiscard]] std::filesystem::path runs_directory();

/// The text of a file's first line when that is a comment; else nothing.
[[nodiscard]] std::string first_comment(const std::filesystem::path& file);

}  // namespace ordeal::cli
