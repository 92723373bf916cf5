#include "verifier/crash/ext/journal_scan.hpp"

#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/checksum.hpp"

#include <algorithm>
#include <array>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t tail_size = 4;  ///< checksum at the end of descriptor and revoke blocks
constexpr std::size_t uuid_size = 16;
constexpr std::size_t revoke_header = 16;
constexpr std::size_t commit_sum = 16;
constexpr std::size_t commit_time = 48;
constexpr std::uint16_t escaped = 1, same_uuid = 2, last_tag = 8;
constexpr std::array<std::byte, 4> no_sum{};

enum BlockType : std::uint32_t { descriptor_block = 1, commit_block = 2, revoke_block = 5 };

/// Transaction numbers wrap round.
bool before(std::uint32_t one, std::uint32_t other) {
    return static_cast<std::int32_t>(one - other) < 0;
}

std::size_t tag_size(const JournalSuper& super) {
    if (super.checksum_v3) {
        return 16;
    }
    return 8U + (super.checksum_v2 ? 2U : 0U) + (super.wide ? 4U : 0U);
}

}  // namespace

const std::byte* LogBlock::until(std::size_t end) {
    // The log itself is never recovered to: its blocks are what the view holds.
    for (; loaded_ < end; loaded_ += sector_size) {
        const auto sector = (block_ * disk_.block_size() + loaded_) / sector_size;
        std::copy_n(disk_.view().sector(sector), sector_size, bytes_.begin() + loaded_);
    }
    return bytes_.data();
}

void JournalScan::advance() {
    if (++next_ >= super_.last) {
        next_ -= super_.last - super_.first;
    }
}

Flaw JournalScan::scan() {
    next_ = super_.start;
    sequence_ = super_.sequence;
    // A log that goes on longer than this goes round in circles.
    for (std::size_t visited = 0; visited <= 2 * log_.size(); ++visited) {
        if (next_ >= super_.last) {
            break;
        }
        LogBlock block(disk_, log_[next_]);
        advance();
        const auto* header = block.until(header_size);
        const auto type = be32(header + 4);
        const bool ours = be32(header) == journal_magic && be32(header + 8) == sequence_;
        auto step = Step::stop;
        if (ours && type == descriptor_block) {
            step = descriptor(block);
        } else if (ours && type == commit_block) {
            step = commit(block);
        } else if (ours && type == revoke_block) {
            step = revoke(block);
        }
        if (step == Step::corrupt) {
            break;
        }
        if (step == Step::stop) {
            keep_committed();
            return failed_commit_ ? Flaw::journal_corrupt : Flaw::none;
        }
    }
    tags_.clear();  // nothing at all is replayed then
    end_ = super_.sequence;
    return Flaw::journal_corrupt;
}

JournalScan::Step JournalScan::descriptor(LogBlock& block) {
    if (super_.checksums() && !tail_holds(block)) {
        suspect_ = true;
    }
    const bool sum = super_.compat_checksum && !suspect_ && !ended_;
    if (sum) {
        transaction_sum_ = crc32_be(transaction_sum_, block.whole());
    }
    const auto size = tag_size(super_);
    const std::size_t end = disk_.block_size() - (super_.checksums() ? tail_size : 0);
    for (std::size_t at = header_size; at + size <= end;) {
        const auto* tag = block.until(at + size) + at;
        const auto flags = be16(tag + 6);
        const std::uint32_t high = super_.wide ? be32(tag + 8) : 0;
        if (next_ >= super_.last) {
            return Step::corrupt;
        }
        tags_.push_back({.block = joined(be32(tag), high),
                         .source = next_,
                         .sequence = sequence_,
                         .checksum = super_.checksum_v3 ? be32(tag + 12) : be16(tag + 4),
                         .escaped = (flags & escaped) != 0});
        if (sum) {
            LogBlock data(disk_, log_[next_]);
            transaction_sum_ = crc32_be(transaction_sum_, data.whole());
        }
        advance();
        at += size + ((flags & same_uuid) == 0 ? uuid_size : 0);
        if ((flags & last_tag) != 0) {
            break;
        }
    }
    return Step::go_on;
}

JournalScan::Step JournalScan::commit(LogBlock& block) {
    const auto time = be64(block.until(commit_time + 8) + commit_time);
    if (suspect_) {
        // Left over from an earlier use of the log, or the same log and damaged?
        return time >= last_commit_time_ ? Step::corrupt : Step::stop;
    }
    bool holds = true;
    if (super_.compat_checksum) {
        if (ended_) {
            failed_commit_ = true;  // an asynchronous commit was bad, and yet another follows
            return Step::go_on;
        }
        holds = transaction_sum_holds(block);
        transaction_sum_ = holds ? ~0U : transaction_sum_;
    }
    holds = holds && commit_holds(block);
    if (!holds) {
        if (time < last_commit_time_) {
            return Step::stop;
        }
        end_ = sequence_;
        ended_ = true;
        if (!super_.async_commit) {
            failed_commit_ = true;
            return Step::go_on;
        }
    }
    last_commit_time_ = time;
    ++sequence_;
    return Step::go_on;
}

JournalScan::Step JournalScan::revoke(LogBlock& block) {
    if (super_.checksums() && !tail_holds(block)) {
        suspect_ = true;
    }
    const std::size_t count = be32(block.until(revoke_header) + header_size);
    const std::size_t record = super_.wide ? 8 : 4;
    if (count > disk_.block_size() - (super_.checksums() ? tail_size : 0)) {
        // Matters only if the transaction counts, and then the replay fails.
        revokes_.push_back({.block = ~std::uint64_t{0}, .sequence = sequence_});
        return Step::go_on;
    }
    for (std::size_t at = revoke_header; at + record <= count; at += record) {
        const auto* bytes = block.until(at + record) + at;
        revokes_.push_back(
            {.block = super_.wide ? be64(bytes) : be32(bytes), .sequence = sequence_});
    }
    return Step::go_on;
}

bool JournalScan::tail_holds(LogBlock& block) const {
    const auto bytes = block.whole();
    const auto at = bytes.size() - tail_size;
    const auto sum = crc32c(crc32c(super_.seed, bytes.first(at)), no_sum);
    return sum == be32(bytes.data() + at);
}

bool JournalScan::commit_holds(LogBlock& block) const {
    if (!super_.checksums()) {
        return true;
    }
    const auto bytes = block.whole();
    auto sum = crc32c(super_.seed, bytes.first(commit_sum));
    sum = crc32c(sum, no_sum);
    sum = crc32c(sum, bytes.subspan(commit_sum + 4));
    return sum == be32(bytes.data() + commit_sum);
}

bool JournalScan::transaction_sum_holds(LogBlock& block) const {
    const auto* bytes = block.until(commit_sum + 4);
    const auto type = u8(bytes + 12);
    const auto size = u8(bytes + 13);
    const auto found = be32(bytes + commit_sum);
    // All zero: written before checksums were switched on.
    return (found == transaction_sum_ && type == 1 && size == 4) ||
           (found == 0 && type == 0 && size == 0);
}

void JournalScan::keep_committed() {
    if (!ended_) {
        end_ = sequence_;
    }
    const auto cut = std::ranges::find_if(
        tags_, [&](const JournalTag& tag) { return !before(tag.sequence, end_); });
    tags_.erase(cut, tags_.end());
    for (const auto& [block, sequence] : revokes_) {
        if (!before(sequence, end_)) {
            continue;
        }
        if (block == ~std::uint64_t{0}) {
            failed_commit_ = true;
        }
        const auto [known, added] = revoked_.try_emplace(block, sequence);
        if (!added && before(known->second, sequence)) {
            known->second = sequence;
        }
    }
}

bool JournalScan::revoked(const JournalTag& tag) const {
    if (revoked_.empty()) {
        return false;
    }
    const auto known = revoked_.find(tag.block);
    return known != revoked_.end() && !before(known->second, tag.sequence);
}

}  // namespace ordeal::verifier::crash::ext
