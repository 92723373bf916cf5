#pragma once

#include <filesystem>

namespace ordeal {

/// Where set-up keeps what is costly to make again: $ORDEAL_CACHE, else $XDG_CACHE_HOME/ordeal,
/// else $HOME/.cache/ordeal. Unpacked packages are in unpacked/, the embedded guest in guest/.
[[nodiscard]] std::filesystem::path cache_directory();

}  // namespace ordeal
