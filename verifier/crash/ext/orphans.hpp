#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <cstdint>

namespace ordeal::verifier::crash::ext {

/// What became of the list of orphans: inodes that were deleted while open, or being truncated,
/// when the power went.
struct OrphanReport {
    Flaw flaw = Flaw::none;  ///< orphan_list: it leads astray, or its inodes make no sense
    std::uint32_t deleted = 0;
    std::uint32_t truncated = 0;
};

/// Ends what the orphans began, as a mount or `e2fsck -p` does: deletes those without a link,
/// truncates the others to their size; in `disk`, after the replay. Times of deletion are those of
/// the last write of the superblock. Precondition: no flaw in `superblock`.
[[nodiscard]] OrphanReport process_orphans(RecoveredDisk& disk, const Superblock& superblock);

/// Where the superblock lies: its block, and where in it.
struct SuperblockPlace {
    std::uint64_t block = 0;
    std::size_t offset = 0;
};

[[nodiscard]] SuperblockPlace place_of_superblock(const Geometry& geometry);

/// Changes the superblock so that it needs no recovery.
void mark_recovered(RecoveredDisk& disk, const Geometry& geometry);

}  // namespace ordeal::verifier::crash::ext
