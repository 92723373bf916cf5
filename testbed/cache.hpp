#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <string>

namespace ordeal {

/// Where set-up keeps what is costly to make again: $ORDEAL_CACHE, else $XDG_CACHE_HOME/ordeal,
/// else $HOME/.cache/ordeal. Unpacked packages are in unpacked/, the embedded guest in guest/.
[[nodiscard]] std::filesystem::path cache_directory();

/// A program of a package that set-up only unpacks, because its installation would start a service:
/// "usr/sbin/sshd". The system's own is as good. `missing` when there is neither.
[[nodiscard]] Result<std::filesystem::path> unpacked_program(const std::string& path);

/// For LD_LIBRARY_PATH of unpacked programs.
[[nodiscard]] std::filesystem::path unpacked_libraries();

}  // namespace ordeal
