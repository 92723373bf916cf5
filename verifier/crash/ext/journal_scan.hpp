#pragma once

#include "verifier/crash/ext/journal.hpp"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// A block of the log, read as far as somebody looked.
class LogBlock {
  public:
    LogBlock(RecoveredDisk& disk, std::uint64_t block) : disk_(disk), block_(block) {}

    /// The first `end` bytes and perhaps more. Precondition: not more than a block.
    [[nodiscard]] const std::byte* until(std::size_t end);

    [[nodiscard]] std::span<const std::byte> whole() {
        return {until(disk_.block_size()), disk_.block_size()};
    }

  private:
    RecoveredDisk& disk_;
    std::uint64_t block_;
    std::size_t loaded_ = 0;
    BlockBuffer bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by until()
};

/// One walk over the log, from where its superblock says to where it ends: finds the transactions
/// that were committed, what they write and what they revoke.
class JournalScan {
  public:
    /// `log`: the journal's blocks on the disk; all outlive the scan.
    JournalScan(RecoveredDisk& disk, const JournalSuper& super, std::span<const std::uint64_t> log)
        : disk_(disk), super_(super), log_(log) {}

    /// none or journal_corrupt.
    [[nodiscard]] Flaw scan();

    /// The number of the transaction that is no longer whole: the log's end.
    [[nodiscard]] std::uint32_t end() const { return end_; }

    /// What to write, in order. Only of transactions before end().
    [[nodiscard]] std::span<const JournalTag> tags() const { return tags_; }

    /// A later or the same transaction says that the block must not be replayed.
    [[nodiscard]] bool revoked(const JournalTag& tag) const;

  private:
    enum class Step { go_on, stop, corrupt };

    [[nodiscard]] Step descriptor(LogBlock& block);
    [[nodiscard]] Step commit(LogBlock& block);
    [[nodiscard]] Step revoke(LogBlock& block);
    [[nodiscard]] bool tail_holds(LogBlock& block) const;
    [[nodiscard]] bool commit_holds(LogBlock& block) const;
    [[nodiscard]] bool transaction_sum_holds(LogBlock& block) const;
    void advance();
    void keep_committed();

    RecoveredDisk& disk_;
    const JournalSuper& super_;
    std::span<const std::uint64_t> log_;
    std::uint32_t next_ = 0;      ///< block of the log
    std::uint32_t sequence_ = 0;  ///< of the transaction being read
    std::uint32_t end_ = 0;
    bool ended_ = false;    ///< end_ was set by a checksum: later transactions do not count
    bool suspect_ = false;  ///< a block did not match its checksum: stale, or corrupt?
    std::uint64_t last_commit_time_ = 0;
    std::uint32_t transaction_sum_ = ~0U;
    bool failed_commit_ = false;
    std::vector<JournalTag> tags_;
    std::unordered_map<std::uint64_t, std::uint32_t> revoked_;  ///< block: by which transaction

    struct Revoked {
        std::uint64_t block = 0;
        std::uint32_t sequence = 0;
    };

    std::vector<Revoked> revokes_;
};

}  // namespace ordeal::verifier::crash::ext
