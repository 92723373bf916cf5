#pragma once

#include "core/result.hpp"

#include <filesystem>

namespace ordeal::verifier {

/// Copies a file without filling its holes: shares the blocks where the filesystem can (FICLONE),
/// else copies only what lseek(SEEK_DATA) calls data. `to` is made or overwritten.
/// Errors: not_found, refused (permission), unavailable (I/O, no space).
[[nodiscard]] Status copy_sparse(const std::filesystem::path& from,
                                 const std::filesystem::path& to);

}  // namespace ordeal::verifier
