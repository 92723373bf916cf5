#pragma once

#include <filesystem>
#include <string>

namespace ordeal {

/// All that can be read of a file; empty when nothing can. Never throws: a file below /proc may
/// turn unreadable between open and read because its process ends, which the standard's stream
/// buffers answer with an exception.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace ordeal
