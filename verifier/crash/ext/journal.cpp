#include "verifier/crash/ext/journal.hpp"

#include "verifier/crash/ext/block_map.hpp"
#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/checksum.hpp"
#include "verifier/crash/ext/groups.hpp"
#include "verifier/crash/ext/journal_scan.hpp"

#include <algorithm>
#include <array>

namespace ordeal::verifier::crash::ext {
namespace {

// Offsets in the journal's superblock.
namespace at {
constexpr std::size_t type = 4, block_size = 12, blocks = 16, first = 20, sequence = 24, start = 28,
                      compat = 36, incompat = 40, ro_compat = 44, uuid = 48, users = 64,
                      checksum_type = 80, checksum = 252;
}  // namespace at

constexpr std::size_t super_size = 1024;
constexpr std::uint32_t version_1 = 3, version_2 = 4;
constexpr std::uint32_t compat_checksum = 1;
constexpr std::uint32_t revoke = 1, wide = 2, async_commit = 4, checksum_v2 = 8, checksum_v3 = 16;
constexpr std::uint8_t crc32c_type = 4;
constexpr std::uint64_t shortest = 1024;  ///< blocks that a journal has at least

std::uint32_t super_checksum(std::span<const std::byte> super) {
    constexpr std::array<std::byte, 4> zero{};
    auto sum = crc32c(~0U, super.first(at::checksum));
    sum = crc32c(sum, zero);
    return crc32c(sum, super.subspan(at::checksum + 4));
}

Flaw read_features(const std::byte* bytes, JournalSuper& super) {
    if (be32(bytes + at::type) == version_1) {
        return Flaw::none;
    }
    const auto incompat = be32(bytes + at::incompat);
    constexpr auto known = revoke | wide | async_commit | checksum_v2 | checksum_v3;
    if ((incompat & ~known) != 0 || be32(bytes + at::ro_compat) != 0) {
        return Flaw::beyond_us;
    }
    super.compat_checksum = (be32(bytes + at::compat) & compat_checksum) != 0;
    super.checksum_v2 = (incompat & checksum_v2) != 0;
    super.checksum_v3 = (incompat & checksum_v3) != 0;
    super.wide = (incompat & wide) != 0;
    super.async_commit = (incompat & async_commit) != 0;
    const bool exclusive =
        !(super.checksum_v2 && super.checksum_v3) && !(super.checksums() && super.compat_checksum);
    const bool typed = !super.checksums() || u8(bytes + at::checksum_type) == crc32c_type;
    super.seed = crc32c(~0U, {bytes + at::uuid, 16});
    return exclusive && typed && be32(bytes + at::users) <= 1 ? Flaw::none
                                                              : Flaw::journal_superblock;
}

}  // namespace

void Journal::watch(RecoveredDisk& disk, std::uint64_t offset, std::uint64_t size) {
    const auto sector = offset / sector_size;
    const auto count = (offset + size - 1) / sector_size + 1 - sector;
    watches_.push_back({sector, count, disk.view().stamp(sector, count)});
}

Flaw Journal::locate(RecoveredDisk& disk, const Geometry& geometry) {
    const bool same = geometry == geometry_ && !watches_.empty() &&
                      std::ranges::all_of(watches_, [&](const Watch& watched) {
                          return disk.view().stamp(watched.sector, watched.count) == watched.stamp;
                      });
    if (!same) {
        geometry_ = geometry;
        watches_.clear();
        found_ = find(disk);
    }
    return found_;
}

Flaw Journal::find(RecoveredDisk& disk) {
    const auto place = place_of_descriptor(geometry_, 0);
    watch(disk, place.block * geometry_.block_size, geometry_.descriptor_size);
    std::array<std::byte, 1024> descriptor{};
    const auto bytes = std::span(descriptor).first(geometry_.descriptor_size);
    disk.read(place.block, 0, bytes);
    const auto table = parse_group(geometry_, 0, bytes).tables.inode_table;
    const auto offset = std::uint64_t{journal_inode - 1} * geometry_.inode_size;
    if (!geometry_.is_block(table) || journal_inode > geometry_.inodes_per_group ||
        table + geometry_.table_blocks > geometry_.blocks) {
        return Flaw::journal_missing;
    }
    std::array<std::byte, 4096> room{};
    const auto raw = std::span(room).first(geometry_.inode_size);
    watch(disk, table * geometry_.block_size + offset, raw.size());
    disk.read(table + offset / geometry_.block_size,
              static_cast<std::uint32_t>(offset % geometry_.block_size),
              raw);
    const InodeFields inode(geometry_, raw);
    if (inode.links() == 0 || !inode.is(FileType::regular) ||
        inode.has(inode_flag::encrypted | inode_flag::inline_data)) {
        return Flaw::journal_missing;
    }
    const auto map = read_block_map(disk, geometry_, journal_inode, inode);
    for (const auto& block : map.map_blocks) {
        const auto per_block = geometry_.sectors_per_block();
        watches_.push_back({block.number * per_block, per_block, block.stamp});
    }
    log_.clear();
    is_log_.assign(geometry_.blocks, false);
    for (const auto& run : map.runs) {
        if (run.logical != log_.size()) {
            return Flaw::journal_missing;
        }
        for (std::uint64_t block = 0; block < run.length; ++block) {
            log_.push_back(run.physical + block);
            is_log_[run.physical + block] = true;
        }
    }
    verified_.assign(log_.size(), Verified{});
    const auto wanted = inode.size() / geometry_.block_size;
    if (map.flaw != Flaw::none || wanted < shortest || log_.size() < wanted) {
        return Flaw::journal_missing;
    }
    log_.resize(wanted);
    return Flaw::none;
}

JournalSuper Journal::read_super(RecoveredDisk& disk) const {
    std::array<std::byte, super_size> room{};
    disk.read(log_[0], 0, std::span(room).first(sector_size));
    const auto* bytes = room.data();
    JournalSuper super{.start = be32(bytes + at::start),
                       .sequence = be32(bytes + at::sequence),
                       .first = be32(bytes + at::first),
                       .last = be32(bytes + at::blocks)};
    const auto type = be32(bytes + at::type);
    if (be32(bytes) != journal_magic || (type != version_1 && type != version_2) ||
        be32(bytes + at::block_size) != geometry_.block_size || super.last > log_.size() ||
        super.first == 0 || super.first >= super.last || super.start >= super.last) {
        super.flaw = Flaw::journal_superblock;
        return super;
    }
    super.flaw = read_features(bytes, super);
    if (super.flaw == Flaw::none && super.checksums()) {
        disk.read(log_[0], 0, room);
        if (super_checksum(room) != be32(bytes + at::checksum)) {
            super.flaw = Flaw::journal_superblock;
        }
    }
    return super;
}

bool Journal::data_holds(RecoveredDisk& disk, const JournalSuper& super, const JournalTag& tag) {
    auto& known = verified_[tag.source];
    const auto block = log_[tag.source];
    const auto stamp =
        disk.view().stamp(block * geometry_.sectors_per_block(), geometry_.sectors_per_block());
    if (known.stamp != stamp || known.sequence != tag.sequence) {
        LogBlock data(disk, block);
        std::array<std::byte, 4> sequence{};
        put_be32(sequence.data(), tag.sequence);
        known = {stamp, tag.sequence, crc32c(crc32c(super.seed, sequence), data.whole())};
    }
    return tag.checksum == (super.checksum_v3 ? known.sum : known.sum & 0xffffU);
}

Replay Journal::replay(RecoveredDisk& disk, const JournalSuper& super) {
    Replay replay{.next_sequence = super.sequence + 1};
    if (super.start == 0) {
        return replay;
    }
    JournalScan scan(disk, super, log_);
    replay.flaw = scan.scan();
    replay.transactions = scan.end() - super.sequence;
    replay.next_sequence = scan.end() + 1;
    for (const auto& tag : scan.tags()) {
        if (scan.revoked(tag)) {
            continue;
        }
        if (tag.block >= geometry_.blocks || is_log_[tag.block] ||
            (super.checksums() && !data_holds(disk, super, tag))) {
            replay.flaw = Flaw::journal_corrupt;
            continue;
        }
        disk.redirect(tag.block, log_[tag.source], tag.escaped);
        ++replay.blocks;
    }
    return replay;
}

void Journal::empty_log(RecoveredDisk& disk,
                        const JournalSuper& super,
                        const Replay& replay) const {
    const auto bytes = disk.patch(log_[0]);
    put_be32(bytes.data() + at::start, 0);
    put_be32(bytes.data() + at::sequence, replay.next_sequence);
    if (super.checksums()) {
        put_be32(bytes.data() + at::checksum, super_checksum(bytes.first(super_size)));
    }
}

}  // namespace ordeal::verifier::crash::ext
