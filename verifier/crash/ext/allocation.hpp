#pragma once

#include "verifier/crash/ext/groups.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <cstdint>
#include <set>

namespace ordeal::verifier::crash::ext {

/// Gives blocks and inodes back, and keeps bitmaps, counts and checksums in step.
class Allocation {
  public:
    Allocation(RecoveredDisk& disk, const Geometry& geometry) : disk_(disk), geometry_(geometry) {}

    /// False if the block is not marked as used. Precondition: Geometry::is_block.
    [[nodiscard]] bool free_block(std::uint64_t block);

    /// Precondition: Geometry::is_inode.
    void free_inode(std::uint32_t number, bool directory);

    /// Writes the checksums of all that changed, and the superblock's counts.
    void finish();

    [[nodiscard]] std::uint64_t freed_blocks() const { return freed_blocks_; }

  private:
    [[nodiscard]] Group group(std::uint32_t index);
    [[nodiscard]] std::span<std::byte> descriptor(std::uint32_t index);

    RecoveredDisk& disk_;
    const Geometry& geometry_;
    std::set<std::uint32_t> block_groups_;  ///< whose bitmap of blocks changed
    std::set<std::uint32_t> inode_groups_;
    std::uint64_t freed_blocks_ = 0;
    std::uint32_t freed_inodes_ = 0;
};

}  // namespace ordeal::verifier::crash::ext
