#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/inode.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"

#include <cstdint>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// Blocks of a file that lie side by side.
struct Run {
    std::uint64_t logical = 0;
    std::uint64_t physical = 0;
    std::uint64_t length = 0;
    bool written = true;  ///< false: allocated, reads as zeros

    friend bool operator==(const Run&, const Run&) = default;
};

/// A block of the map itself: indirect block, or node of the extent tree.
struct MapBlock {
    std::uint64_t number = 0;
    Stamp stamp = 0;  ///< as it was read
};

/// Where a file's content lies.
struct BlockMap {
    Flaw flaw = Flaw::none;  ///< the first; runs and map blocks are those found before it
    std::uint64_t flaw_block = 0;
    std::vector<Run> runs;  ///< by logical number
    std::vector<MapBlock> map_blocks;
    std::uint64_t blocks = 0;  ///< all that it occupies, its map included

    /// One past the last logical block that is mapped.
    [[nodiscard]] std::uint64_t end() const {
        return runs.empty() ? 0 : runs.back().logical + runs.back().length;
    }
};

/// Reads the map of an inode that maps blocks. Whatever the image holds: no more runs and map
/// blocks than the filesystem has blocks. Every number in it passed Geometry::is_block.
[[nodiscard]] BlockMap read_block_map(RecoveredDisk& disk,
                                      const Geometry& geometry,
                                      std::uint32_t number,
                                      const InodeFields& inode);

/// The header of an extent node fits the room it has.
[[nodiscard]] bool extent_header_sane(std::span<const std::byte> node);

/// The checksum of a node of the extent tree; `seed` is the inode's.
[[nodiscard]] std::uint32_t extent_checksum(std::uint32_t seed, std::span<const std::byte> node);

/// Where a node keeps its checksum. Precondition: extent_header_sane(node).
[[nodiscard]] std::size_t extent_checksum_offset(std::span<const std::byte> node);

inline constexpr std::uint16_t extent_magic = 0xf30a;
inline constexpr std::size_t extent_header_size = 12;
inline constexpr std::size_t extent_size = 12;
/// Longer lengths mean an unwritten extent of that length less this.
inline constexpr std::uint32_t longest_extent = 32768;
/// What the kernel accepts.
inline constexpr unsigned deepest_extent_tree = 5;

}  // namespace ordeal::verifier::crash::ext
