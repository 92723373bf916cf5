#pragma once

#include "core/document.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace ordeal {

/// Reads TOML 1.0. `name` stands for the file in messages. Adds all that is wrong to `out`; the
/// document is there whenever a tree could be made, also when keys were given twice (the first one
/// counts), so that the caller can report what else is wrong. Dates and times are errors: no file
/// of ours has any. Never throws; safe on hostile input (see core/toml_guard.hpp).
[[nodiscard]] std::optional<Document> parse_toml(std::string text,
                                                 std::string name,
                                                 Diagnostics& out);

/// The same from a file. A directory, a missing or an unreadable file is reported, too.
[[nodiscard]] std::optional<Document> read_toml(const std::filesystem::path& path,
                                                Diagnostics& out);

}  // namespace ordeal
