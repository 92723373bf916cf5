#pragma once

#include "verifier/crash/image_view.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal::verifier::crash {

/// 512 bytes of a file: a sector of the view, or certain bytes.
struct FileSector {
    std::uint64_t number = 0;
    const std::byte* bytes = nullptr;  ///< if any, this is the content: a hole, a changed sector
};

/// Where a file's content is after recovery.
struct FileMap {
    std::string name;
    std::uint64_t size = 0;           ///< bytes; never more than the image
    std::vector<FileSector> sectors;  ///< ceil(size / 512) of them
};

/// Recovery and check of one kind of filesystem, through a view. What it reads must depend on the
/// image alone. Not thread-safe: each worker has its own.
class Engine {
  public:
    virtual ~Engine() = default;

    enum class Verdict {
        sound,     ///< after recovery everything agrees
        broken,    ///< something does not
        beyond_us  ///< not a filesystem that we can judge
    };

    /// Recovers what the view holds, as the next mount would, and checks everything.
    virtual Verdict examine(ImageView& view) = 0;

    // About the last examination, while its view is not changed:

    /// What is wrong; empty if sound.
    [[nodiscard]] virtual std::vector<std::string> problems(std::size_t most) = 0;

    /// The same for the same content of all metadata after recovery.
    [[nodiscard]] virtual std::uint64_t content() = 0;

    /// The regular files of a directory, relative to the root; nothing when it is not there. Reads
    /// no content of theirs. Valid until the next call for it. Precondition: sound.
    [[nodiscard]] virtual const std::vector<FileMap>& files(const std::string& directory) = 0;

    /// Writes what recovery changed to the view, which is then the image that it leaves.
    virtual void write_back() = 0;
};

}  // namespace ordeal::verifier::crash
