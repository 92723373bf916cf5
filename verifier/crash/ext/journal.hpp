#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <cstdint>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// What the journal's superblock says.
struct JournalSuper {
    Flaw flaw = Flaw::none;   ///< if any, nothing but this is meaningful
    std::uint32_t start = 0;  ///< block of the log; 0: nothing to replay
    std::uint32_t sequence = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;  ///< one past the log
    bool compat_checksum = false;
    bool checksum_v2 = false;
    bool checksum_v3 = false;
    bool wide = false;
    bool async_commit = false;
    std::uint32_t seed = 0;  ///< for checksums of versions 2 and 3

    [[nodiscard]] bool checksums() const { return checksum_v2 || checksum_v3; }
};

/// A block that the log holds for another place.
struct JournalTag {
    std::uint64_t block = 0;   ///< on the disk
    std::uint32_t source = 0;  ///< in the log
    std::uint32_t sequence = 0;
    std::uint32_t checksum = 0;
    bool escaped = false;
};

/// What a replay did.
struct Replay {
    Flaw flaw = Flaw::none;           ///< the log cannot be replayed, or not all of it
    std::uint32_t transactions = 0;   ///< committed ones in the log
    std::uint32_t blocks = 0;         ///< copies of blocks that were replayed
    std::uint32_t next_sequence = 0;  ///< the first number that the log may use afterwards
};

/// The journal in inode 8, in the formats of jbd (ext3) and jbd2 (ext4): checksums of versions 1 to
/// 3, 64-bit block numbers, asynchronous commits, revoked and escaped blocks.
///
/// Reads descriptor blocks only as far as their tags go, and what a tag leads to only where a
/// checksum demands it: replaying is redirecting, see RecoveredDisk. Where the log ends is decided
/// as the kernel and e2fsck do. Not thread-safe.
class Journal {
  public:
    /// Finds the journal in `disk`, in which nothing was recovered yet. Keeps what it found from
    /// run to run, by stamp. Precondition: `geometry` has a journal. none or journal_missing.
    [[nodiscard]] Flaw locate(RecoveredDisk& disk, const Geometry& geometry);

    /// Precondition for this and what follows: it was located.
    [[nodiscard]] JournalSuper read_super(RecoveredDisk& disk) const;

    /// Replays into `disk`. Precondition: no flaw in `super`.
    [[nodiscard]] Replay replay(RecoveredDisk& disk, const JournalSuper& super);

    /// Writes to the journal's superblock in `disk` that the log is empty.
    void empty_log(RecoveredDisk& disk, const JournalSuper& super, const Replay& replay) const;

    /// The journal's superblock.
    [[nodiscard]] std::uint64_t super_block() const { return log_[0]; }

  private:
    struct Watch {
        std::uint64_t sector = 0;
        std::uint64_t count = 0;
        Stamp stamp = 0;
    };

    struct Verified {
        Stamp stamp = 0;
        std::uint32_t sequence = 0;
        std::uint32_t sum = 0;
    };

    [[nodiscard]] Flaw find(RecoveredDisk& disk);
    void watch(RecoveredDisk& disk, std::uint64_t offset, std::uint64_t size);
    [[nodiscard]] bool data_holds(RecoveredDisk& disk,
                                  const JournalSuper& super,
                                  const JournalTag& tag);

    Geometry geometry_;
    std::vector<Watch> watches_;  ///< what log_ was derived from, in the order of reading
    Flaw found_ = Flaw::none;
    std::vector<std::uint64_t> log_;  ///< the journal's blocks on the disk
    std::vector<bool> is_log_;        ///< by block of the disk
    std::vector<Verified> verified_;  ///< by block of the log
};

}  // namespace ordeal::verifier::crash::ext
