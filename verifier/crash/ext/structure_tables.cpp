// Bitmaps and inode tables.
#include "verifier/crash/ext/structure.hpp"

#include <algorithm>
#include <xxhash.h>

namespace ordeal::verifier::crash::ext {
namespace {

void set_bits(std::span<std::byte> bitmap, std::uint64_t first, std::uint64_t count) {
    for (auto bit = first; bit < first + count && bit / 8 < bitmap.size(); ++bit) {
        bitmap[bit / 8] |= std::byte{1} << (bit % 8);
    }
}

bool all_set(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0xff}; });
}

bool bits_set(std::span<const std::byte> bitmap, std::uint64_t first, std::uint64_t end) {
    for (auto bit = first; bit < end; ++bit) {
        if (((std::to_integer<unsigned>(bitmap[bit / 8]) >> (bit % 8)) & 1U) == 0) {
            return false;
        }
    }
    return true;
}

}  // namespace

/// What a bitmap says that was never written. Blocks: the group's own tables are in use.
std::vector<std::byte> Structure::lazy_bitmap(std::uint32_t group, bool blocks) const {
    if (!blocks) {
        return std::vector<std::byte>(geometry_.inodes_per_group / 8);
    }
    std::vector<std::byte> bitmap(geometry_.blocks_per_group / 8);
    const auto first = geometry_.first_block_of(group);
    const auto end = geometry_.end_block_of(group);
    const auto set = [&](std::uint64_t block, std::uint64_t count) {
        const auto from = std::max(block, first);
        const auto to = std::min(block + count, end);
        if (from < to) {
            set_bits(bitmap, from - first, to - from);
        }
    };
    if (geometry_.has_superblock(group)) {
        set(first, 1U + geometry_.descriptor_blocks + geometry_.reserved_descriptor_blocks);
    }
    for (const auto& other : groups_) {
        if (other.has(group_flag::blocks_uninitialised)) {
            set(other.tables.block_bitmap, 1);
            set(other.tables.inode_bitmap, 1);
            set(other.tables.inode_table, geometry_.table_blocks);
        }
    }
    return bitmap;
}

void Structure::update_bitmaps(RecoveredDisk& disk) {
    for (std::uint32_t group = 0; group < geometry_.groups; ++group) {
        update_bitmap(disk, group, true);
        update_bitmap(disk, group, false);
    }
}

void Structure::update_bitmap(RecoveredDisk& disk, std::uint32_t group, bool blocks) {
    auto& known = blocks ? block_bitmaps_[group] : inode_bitmaps_[group];
    const auto& described = groups_[group];
    const bool lazy =
        geometry_.group_checksums() &&
        described.has(blocks ? group_flag::blocks_uninitialised : group_flag::inodes_uninitialised);
    const auto number = blocks ? described.tables.block_bitmap : described.tables.inode_bitmap;
    const auto bits = blocks ? geometry_.blocks_per_group : geometry_.inodes_per_group;
    constexpr Stamp never_written = 1;
    const auto stamp = lazy ? never_written : disk.stamp(number);
    if (stamp == known.stamp) {
        return;
    }
    known.stamp = stamp;
    content_ -= known.content;
    const auto mark = [&](std::span<const std::byte> bitmap) {
        if (blocks) {
            claims_.mark(group, bitmap);
        } else {
            states_.mark(group, bitmap);
        }
    };
    if (lazy) {
        known = {.stamp = stamp};
        mark(lazy_bitmap(group, blocks));
        return;
    }
    BlockBuffer room;
    const auto bytes = disk.block(number, room);
    mark(bytes);
    known.content = placed(XXH3_64bits(bytes.data(), bytes.size()), number);
    content_ += known.content;
    known.padded = all_set(bytes.subspan(bits / 8));
    if (blocks && known.padded) {
        const auto count = geometry_.end_block_of(group) - geometry_.first_block_of(group);
        known.padded = bits_set(bytes, count, bits);
    }
    known.checksum = geometry_.metadata_checksums() ? bitmap_checksum(geometry_, bytes, bits) : 0;
}

DescriptorPlace Structure::place_of(std::uint32_t number) const {
    const auto group = geometry_.group_of_inode(number);
    const auto offset =
        std::uint64_t{(number - 1) % geometry_.inodes_per_group} * geometry_.inode_size;
    return {.block = groups_[group].tables.inode_table + offset / geometry_.block_size,
            .offset = offset % geometry_.block_size};
}

void Structure::update_tables(RecoveredDisk& disk) {
    for (std::uint32_t group = 0; group < geometry_.groups; ++group) {
        const auto used = groups_[group].used_inodes(geometry_);
        if (used != tables_[group].used) {
            // Inodes that did not count now do, or the reverse: look at all of them.
            tables_[group].used = used;
            tables_[group].spans.clear();
            std::ranges::fill(tables_[group].blocks, 0);
            forget_behind(group, used);
        }
        update_table(disk, group, used);
    }
}

void Structure::update_table(RecoveredDisk& disk, std::uint32_t group, std::uint32_t used) {
    auto& table = tables_[group];
    const auto first = groups_[group].tables.inode_table;
    const auto per_block = geometry_.block_size / geometry_.inode_size;
    const auto end = first + (used + per_block - 1) / per_block;
    const auto per_chunk = BaseImage::chunk / geometry_.sectors_per_block();
    std::size_t span = 0;
    for (auto block = first; block < end; ++span) {
        const auto stop = std::min(end, (block / per_chunk + 1) * per_chunk);
        const auto stamp = disk.stamp(block, stop - block);
        if (span == table.spans.size()) {
            table.spans.push_back(0);
        }
        if (stamp != table.spans[span]) {
            table.spans[span] = stamp;
            for (; block < stop; ++block) {
                update_table_block(disk, group, static_cast<std::uint32_t>(block - first), used);
            }
        }
        block = stop;
    }
}

void Structure::update_table_block(RecoveredDisk& disk,
                                   std::uint32_t group,
                                   std::uint32_t index,
                                   std::uint32_t used) {
    const auto block = groups_[group].tables.inode_table + index;
    const auto stamp = disk.stamp(block);
    if (stamp == tables_[group].blocks[index]) {
        return;
    }
    tables_[group].blocks[index] = stamp;
    BlockBuffer room;
    const auto bytes = disk.block(block, room);
    const auto per_block = geometry_.block_size / geometry_.inode_size;
    for (std::uint32_t place = 0; place < per_block; ++place) {
        const auto in_group = index * per_block + place;
        if (in_group >= used) {
            break;
        }
        const auto number = group * geometry_.inodes_per_group + in_group + 1;
        const auto* start = bytes.data() + std::size_t{place} * geometry_.inode_size;
        const std::uint64_t hash = XXH3_64bits(start, geometry_.inode_size) | 1U;
        auto& known = inode_content_[number];
        if (hash != known) {
            content_ += placed(hash, number) - (known != 0 ? placed(known, number) : 0);
            known = hash;
            changed_.push_back(number);
        }
    }
}

void Structure::forget_behind(std::uint32_t group, std::uint32_t used) {
    const auto first = group * geometry_.inodes_per_group + 1;
    for (auto number = first + used; number < first + geometry_.inodes_per_group; ++number) {
        auto& known = inode_content_[number];
        if (known != 0) {
            content_ -= placed(known, number);
            known = 0;
            changed_.push_back(number);
        }
    }
}

}  // namespace ordeal::verifier::crash::ext
