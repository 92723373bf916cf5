#pragma once

#include "verifier/crash/ext/reader.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// Something that a path leads to.
struct Named {
    std::string path;  ///< from the root, without a slash at its start; the root's is empty
    std::uint32_t inode = 0;
    FileType type = FileType::unknown;
    std::uint64_t size = 0;

    friend bool operator==(const Named&, const Named&) = default;
};

/// A part of a file that lies in one sector, or a hole.
struct Piece {
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t length = 0;
    std::optional<std::uint64_t> sector;  ///< of the view; nothing: reads as zeros
    std::uint32_t within = 0;             ///< where in the sector it starts
    bool escaped = false;  ///< the sector's first four bytes are the journal's magic instead
};

/// Names and files of the image that a Reader examined last. All but read() decides nothing that
/// the examination had not decided. Made for one image; uses the reader. Not thread-safe. Of an
/// image that is not sound it knows nothing: what the reader has may be another's.
class Names {
  public:
    explicit Names(Reader& reader)
        : structure_(reader.structure()), disk_(reader.disk()), sound_(reader.sound()) {}

    /// Everything reachable, by path, at most `most`. Loops and second paths to a directory are not
    /// followed.
    [[nodiscard]] std::vector<Named> all(std::size_t most) const;

    /// The entries of a directory but "." and "..", as they lie in it; `path` of each is its name.
    /// Empty if the inode is no directory.
    [[nodiscard]] std::vector<Named> list(std::uint32_t directory) const;

    /// Follows names from the root; no symbolic links. Nothing: there is no such path.
    [[nodiscard]] std::optional<Named> find(std::string_view path) const;

    /// Where the bytes from `offset` lie, in order, up to `length` and to the end of the file.
    [[nodiscard]] std::vector<Piece> pieces(std::uint32_t inode,
                                            std::uint64_t offset,
                                            std::uint64_t length) const;

    /// A file's runs of blocks, when all of them lie where its map says: nothing was recovered to
    /// them. Else nullptr.
    [[nodiscard]] const std::vector<Run>* plain_runs(std::uint32_t inode) const;

    /// Reads a file, deciding the sectors that it lies in; how many bytes there were. Less than
    /// asked for at the end of the file, and 0 for what is no file in use.
    [[nodiscard]] std::size_t read(std::uint32_t inode,
                                   std::uint64_t offset,
                                   std::span<std::byte> into) const;

  private:
    [[nodiscard]] const KnownInode* known(std::uint32_t inode) const;
    [[nodiscard]] Named describe(std::string path, const Entry& entry) const;

    const Structure& structure_;
    RecoveredDisk& disk_;
    const bool sound_;
};

}  // namespace ordeal::verifier::crash::ext
