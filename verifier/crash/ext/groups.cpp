#include "verifier/crash/ext/groups.hpp"

#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/checksum.hpp"

#include <algorithm>
#include <array>

namespace ordeal::verifier::crash::ext {
namespace {

/// A field in two halves, the upper one only in descriptors of 64 bytes and more.
struct Split {
    std::size_t low = 0;
    std::size_t high = 0;
};

constexpr Split block_bitmap_at{0, 32}, inode_bitmap_at{4, 36}, inode_table_at{8, 40},
    free_blocks_at{12, 44}, free_inodes_at{14, 46}, directories_at{16, 48}, block_sum_at{24, 56},
    inode_sum_at{26, 58}, unused_at{28, 50};
constexpr std::size_t flags_at = 18;
constexpr std::size_t checksum_at = 30;
constexpr std::size_t wide_descriptor = 64;

bool wide(std::span<const std::byte> bytes) {
    return bytes.size() >= wide_descriptor;
}

std::uint64_t location(std::span<const std::byte> bytes, Split at) {
    return joined(le32(bytes.data() + at.low), wide(bytes) ? le32(bytes.data() + at.high) : 0);
}

std::uint32_t number(std::span<const std::byte> bytes, Split at) {
    const std::uint32_t high = wide(bytes) ? le16(bytes.data() + at.high) : 0U;
    return high << 16U | le16(bytes.data() + at.low);
}

void put_number(std::span<std::byte> bytes, Split at, std::uint32_t value) {
    put_le16(bytes.data() + at.low, static_cast<std::uint16_t>(value));
    if (wide(bytes)) {
        put_le16(bytes.data() + at.high, static_cast<std::uint16_t>(value >> 16U));
    }
}

void add(std::span<std::byte> bytes, Split at, std::int64_t count) {
    const auto sum = std::int64_t{number(bytes, at)} + count;
    put_number(bytes, at, static_cast<std::uint32_t>(std::max<std::int64_t>(sum, 0)));
}

std::uint16_t descriptor_checksum(const Geometry& geometry,
                                  std::uint32_t group,
                                  std::span<const std::byte> bytes) {
    if (geometry.metadata_checksums()) {
        constexpr std::array<std::byte, 2> zero{};
        auto sum = crc32c_le32(geometry.checksum_seed, group);
        sum = crc32c(sum, bytes.first(checksum_at));
        sum = crc32c(sum, zero);
        return static_cast<std::uint16_t>(crc32c(sum, bytes.subspan(checksum_at + 2)));
    }
    std::array<std::byte, 4> index{};
    put_le32(index.data(), group);
    auto sum = crc16(0xffffU, geometry.uuid);
    sum = crc16(sum, index);
    sum = crc16(sum, bytes.first(checksum_at));
    return crc16(sum, bytes.subspan(checksum_at + 2));
}

bool tables_inside(const Geometry& geometry, std::uint32_t group, const GroupTables& tables) {
    const bool anywhere = geometry.has(geometry.incompat, incompat::flex_bg);
    const auto first = anywhere ? geometry.first_block : geometry.first_block_of(group);
    const auto end = anywhere ? geometry.blocks : geometry.end_block_of(group);
    const auto inside = [&](std::uint64_t block) {
        return block >= first && block < end && block != 0;
    };
    return inside(tables.block_bitmap) && inside(tables.inode_bitmap) &&
           inside(tables.inode_table) && end - tables.inode_table >= geometry.table_blocks;
}

Flaw flaw_in(const Geometry& geometry,
             std::uint32_t index,
             const Group& group,
             std::span<const std::byte> bytes) {
    if (!tables_inside(geometry, index, group.tables)) {
        return Flaw::group_location;
    }
    constexpr auto lazy = group_flag::inodes_uninitialised | group_flag::blocks_uninitialised;
    if (!geometry.group_checksums()) {
        const bool flagged = (group.flags & lazy) != 0 || group.unused_inodes != 0;
        return flagged ? Flaw::group_uninitialised : Flaw::none;
    }
    if (le16(bytes.data() + checksum_at) != descriptor_checksum(geometry, index, bytes)) {
        return Flaw::group_checksum;
    }
    const bool last = index + 1 == geometry.groups;
    if ((last && group.has(group_flag::blocks_uninitialised)) ||
        group.unused_inodes > group.free_inodes ||
        group.unused_inodes > geometry.inodes_per_group) {
        return Flaw::group_uninitialised;
    }
    return Flaw::none;
}

}  // namespace

std::uint32_t Group::used_inodes(const Geometry& geometry) const {
    if (!geometry.group_checksums()) {
        return geometry.inodes_per_group;
    }
    return geometry.inodes_per_group - std::min(unused_inodes, geometry.inodes_per_group);
}

DescriptorPlace place_of_descriptor(const Geometry& geometry, std::uint32_t group) {
    const auto per_block = geometry.block_size / geometry.descriptor_size;
    return {.block = std::uint64_t{geometry.first_block} + 1 + group / per_block,
            .offset = std::size_t{group % per_block} * geometry.descriptor_size};
}

Group parse_group(const Geometry& geometry, std::uint32_t group, std::span<const std::byte> bytes) {
    Group parsed{.tables = {.block_bitmap = location(bytes, block_bitmap_at),
                            .inode_bitmap = location(bytes, inode_bitmap_at),
                            .inode_table = location(bytes, inode_table_at)},
                 .free_blocks = number(bytes, free_blocks_at),
                 .free_inodes = number(bytes, free_inodes_at),
                 .directories = number(bytes, directories_at),
                 .unused_inodes = number(bytes, unused_at),
                 .flags = le16(bytes.data() + flags_at),
                 .block_bitmap_checksum = number(bytes, block_sum_at),
                 .inode_bitmap_checksum = number(bytes, inode_sum_at)};
    parsed.flaw = flaw_in(geometry, group, parsed, bytes);
    return parsed;
}

std::vector<Group> read_groups(RecoveredDisk& disk, const Geometry& geometry) {
    std::vector<Group> groups;
    groups.reserve(geometry.groups);
    BlockBuffer room;
    std::uint64_t current = 0;
    std::span<const std::byte> block;
    for (std::uint32_t group = 0; group < geometry.groups; ++group) {
        const auto place = place_of_descriptor(geometry, group);
        if (place.block != current) {
            // Only as much of it as holds descriptors is anybody's business.
            const auto left = std::size_t{geometry.groups - group} * geometry.descriptor_size;
            const auto part = std::min<std::size_t>(left, geometry.block_size);
            disk.read(place.block, 0, std::span(room).first(part));
            block = std::span(room).first(part);
            current = place.block;
        }
        groups.push_back(
            parse_group(geometry, group, block.subspan(place.offset, geometry.descriptor_size)));
    }
    return groups;
}

std::uint32_t bitmap_checksum(const Geometry& geometry,
                              std::span<const std::byte> bitmap,
                              std::uint32_t bits) {
    const auto sum = crc32c(geometry.checksum_seed, bitmap.first(bits / 8));
    return geometry.descriptor_size >= wide_descriptor ? sum : sum & 0xffffU;
}

void add_free_blocks(std::span<std::byte> bytes, std::int64_t count) {
    add(bytes, free_blocks_at, count);
}

void add_free_inodes(std::span<std::byte> bytes, std::int64_t count) {
    add(bytes, free_inodes_at, count);
}

void add_directories(std::span<std::byte> bytes, std::int64_t count) {
    add(bytes, directories_at, count);
}

void set_block_bitmap_checksum(const Geometry& geometry,
                               std::span<std::byte> bytes,
                               std::uint32_t sum) {
    if (geometry.metadata_checksums()) {
        put_number(bytes, block_sum_at, sum);
    }
}

void set_inode_bitmap_checksum(const Geometry& geometry,
                               std::span<std::byte> bytes,
                               std::uint32_t sum) {
    if (geometry.metadata_checksums()) {
        put_number(bytes, inode_sum_at, sum);
    }
}

void seal_group(const Geometry& geometry, std::uint32_t group, std::span<std::byte> bytes) {
    if (geometry.group_checksums()) {
        put_le16(bytes.data() + checksum_at, descriptor_checksum(geometry, group, bytes));
    }
}

}  // namespace ordeal::verifier::crash::ext
