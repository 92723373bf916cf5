#pragma once

#include "verifier/crash/ext/block_map.hpp"

#include <cstdint>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// What one inode says by itself, and what of it others must agree with.
struct InodeReport {
    bool in_use = false;    ///< it counts as allocated
    bool reserved = false;  ///< one of the filesystem's own: in no directory
    bool large = false;     ///< a regular file of 2 GiB or more, which needs a feature
    bool indexed = false;   ///< a directory with a hash tree
    FileType type = FileType::unknown;
    std::uint16_t links = 0;
    std::uint64_t size = 0;           ///< bytes
    std::uint32_t checksum_seed = 0;  ///< for the checksums of its directory blocks
    Flaw flaw = Flaw::none;
    std::uint64_t flaw_block = 0;
    BlockMap map;
    std::uint64_t attributes = 0;  ///< its block of extended attributes; 0: none
    /// Every block that this report was derived from besides the inode, in the order of reading.
    std::vector<MapBlock> reads;
};

/// Judges inode `number` as a full check of the filesystem would, all but what involves others.
/// Reads, in this order: the blocks of its map, of its attributes, of its symbolic link.
[[nodiscard]] InodeReport report_inode(RecoveredDisk& disk,
                                       const Geometry& geometry,
                                       std::uint32_t number,
                                       std::span<const std::byte> bytes);

}  // namespace ordeal::verifier::crash::ext
