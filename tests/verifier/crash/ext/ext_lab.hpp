#pragma once

#include "verifier/crash/ext/reader.hpp"
#include "verifier/crash/image_view.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ordeal::verifier::crash::ext::testing {

using Bytes = std::vector<std::byte>;

/// Makes ext images with files, directories, links, devices and attributes in them, and asks the
/// stock tools about them. Needs no privilege but for devices, which are left out without it.
/// Throws std::runtime_error when a tool fails.
class ExtLab {
  public:
    ExtLab();
    ~ExtLab();
    ExtLab(const ExtLab&) = delete;
    ExtLab& operator=(const ExtLab&) = delete;

    /// An image of `size` ("16M"); `options` go to mke2fs.
    [[nodiscard]] std::filesystem::path make(const std::string& size,
                                             const std::vector<std::string>& options);

    /// Runs debugfs commands on an image, writing; its output.
    std::string debugfs(const std::filesystem::path& image,
                        const std::vector<std::string>& commands);

    /// The exit code of e2fsck.
    int e2fsck(const std::vector<std::string>& options, const std::filesystem::path& image);

    [[nodiscard]] std::filesystem::path file(const std::string& name) const {
        return directory_ / name;
    }

  private:
    std::filesystem::path directory_;
    int made_ = 0;
};

/// The kinds of filesystems that the tests run through: options of mke2fs.
[[nodiscard]] const std::vector<std::vector<std::string>>& variants();

[[nodiscard]] Bytes load(const std::filesystem::path& path);
void save(const std::filesystem::path& path, const Bytes& bytes);

/// What an examination by a new reader finds.
[[nodiscard]] Finding examine(const Bytes& image);

/// The image after recovery.
[[nodiscard]] Bytes recovered(const Bytes& image);

/// The sectors that an examination reads, in the order of their first reading, by a reader that has
/// examined `before` (if any) last.
[[nodiscard]] std::vector<std::uint64_t> sectors_read(const Bytes& image, const Bytes* before);

}  // namespace ordeal::verifier::crash::ext::testing
