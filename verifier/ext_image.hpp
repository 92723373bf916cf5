#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ordeal::verifier {

/// An ext2/3/4 filesystem in a raw image, read without mounting it. Never writes.
/// Whatever the image holds, the answers are data or Errors (ErrorKind::corrupt). Not thread-safe.
class ExtImage {
  public:
    /// Errors: not_found (no such file), corrupt (no such filesystem in it).
    [[nodiscard]] static Result<ExtImage> open(const std::filesystem::path& image);

    /// The journal holds what is not yet in its place: it was not unmounted.
    [[nodiscard]] bool needs_recovery() const;

    /// The kernel met an error in it and said so in the superblock.
    [[nodiscard]] bool marked_faulty() const;

    using Visit = std::function<void(std::string_view name, std::span<const std::byte> bytes)>;

    /// Shows every regular file of a directory, one at a time, whole. `directory` is relative to
    /// the root. Errors: not_found (no such directory), corrupt (unreadable, or a file claims more
    /// than the image can hold).
    [[nodiscard]] Status each_file(std::string_view directory, const Visit& visit) const;

  private:
    struct Close {
        void operator()(void* filesystem) const;
    };

    ExtImage(std::unique_ptr<void, Close> filesystem, std::string name)
        : filesystem_(std::move(filesystem)), name_(std::move(name)) {}

    std::unique_ptr<void, Close> filesystem_;  ///< ext2_filsys
    std::string name_;
};

}  // namespace ordeal::verifier
