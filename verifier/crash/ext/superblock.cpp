#include "verifier/crash/ext/superblock.hpp"

#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/checksum.hpp"

#include <algorithm>
#include <bit>

namespace ordeal::verifier::crash::ext {
namespace {

// Offsets in the superblock.
namespace at {
constexpr std::size_t inodes = 0, blocks_low = 4, reserved_low = 8, free_blocks_low = 12,
                      free_inodes = 16, first_block = 20, log_block = 24, log_cluster = 28,
                      blocks_per_group = 32, clusters_per_group = 36, inodes_per_group = 40,
                      mount_time = 44, write_time = 48, magic = 56, state = 58, creator = 72,
                      revision = 76, first_inode = 84, inode_size = 88, compat = 92, incompat = 96,
                      ro_compat = 100, uuid = 104, prealloc_dir = 205, reserved_gdt = 206,
                      journal_uuid = 208, journal_inode = 224, journal_device = 228,
                      last_orphan = 232, hash_seed = 236, descriptor_size = 254, made = 264,
                      blocks_high = 336, reserved_high = 340, free_blocks_high = 344,
                      min_extra = 348, want_extra = 350, flags = 352, log_flex = 372,
                      checksum_type = 373, user_quota = 0x240, group_quota = 0x244,
                      project_quota = 0x26c, checksum_seed = 0x270, orphan_file = 0x280,
                      checksum = 0x3fc;
}  // namespace at

constexpr std::uint32_t known_compat =
    compat::has_journal | compat::ext_attr | compat::resize_inode | compat::dir_index;
constexpr std::uint32_t known_incompat = incompat::filetype | incompat::recover |
                                         incompat::extents | incompat::bit64 | incompat::flex_bg |
                                         incompat::csum_seed;
constexpr std::uint32_t known_ro_compat =
    ro_compat::sparse_super | ro_compat::large_file | ro_compat::huge_file | ro_compat::gdt_csum |
    ro_compat::dir_nlink | ro_compat::extra_isize | ro_compat::metadata_csum;

constexpr std::uint16_t ext_magic = 0xef53;
constexpr std::uint32_t hurd = 1;
constexpr std::uint16_t error_state = 2;

bool power_of_two(std::uint32_t value) {
    return std::has_single_bit(value);
}

bool is_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool bad_extra_size(std::uint32_t size, std::uint32_t inode_size) {
    return size != 0 && (size < 4 || size > inode_size - 128 || size % 4 != 0);
}

void parse_layout(const std::byte* sb, Geometry& geometry) {
    const bool dynamic = le32(sb + at::revision) > 0;
    geometry.compat = le32(sb + at::compat);
    geometry.incompat = le32(sb + at::incompat) & ~incompat::recover;
    geometry.ro_compat = le32(sb + at::ro_compat);
    const bool wide = geometry.has(geometry.incompat, incompat::bit64);
    geometry.blocks = joined(le32(sb + at::blocks_low), wide ? le32(sb + at::blocks_high) : 0);
    geometry.inodes = le32(sb + at::inodes);
    geometry.block_size = 1024U << std::min(le32(sb + at::log_block), 8U);
    geometry.first_block = le32(sb + at::first_block);
    geometry.blocks_per_group = le32(sb + at::blocks_per_group);
    geometry.inodes_per_group = le32(sb + at::inodes_per_group);
    geometry.inode_size = dynamic ? le16(sb + at::inode_size) : 128;
    geometry.first_inode = dynamic ? le32(sb + at::first_inode) : 11;
    geometry.descriptor_size = wide ? le16(sb + at::descriptor_size) : 32;
    geometry.reserved_descriptor_blocks = le16(sb + at::reserved_gdt);
    geometry.prealloc_dir_blocks = u8(sb + at::prealloc_dir);
    geometry.hash_flags = le32(sb + at::flags) & 3U;
    for (std::size_t word = 0; word < 4; ++word) {
        geometry.hash_seed[word] = le32(sb + at::hash_seed + 4 * word);
    }
    std::copy_n(sb + at::uuid, geometry.uuid.size(), geometry.uuid.begin());
    geometry.checksum_seed = geometry.has(geometry.incompat, incompat::csum_seed)
                                 ? le32(sb + at::checksum_seed)
                                 : crc32c(~0U, geometry.uuid);
    const auto low = [&](std::size_t field) {
        const auto time = le32(sb + field);
        return time != 0 && time < geometry.inodes;
    };
    geometry.low_dtime_is_suspect = !low(at::write_time) && !low(at::mount_time) && !low(at::made);
}

/// The sizes from which all else is computed: bounded, so that the computation cannot overflow.
bool sizes_sane(const std::byte* sb, const Geometry& geometry, std::uint64_t image_size) {
    const auto log_block = le32(sb + at::log_block);
    if (log_block > 2 || le32(sb + at::log_cluster) != log_block) {
        return false;  // larger blocks are judged before
    }
    const auto block_size = geometry.block_size;
    const auto inodes_per_block = block_size / std::max(geometry.inode_size, 1U);
    return geometry.blocks > 0 && geometry.blocks <= image_size / block_size &&
           geometry.first_block == (log_block == 0 ? 1U : 0U) &&
           geometry.first_block < geometry.blocks && geometry.blocks_per_group >= 8 &&
           geometry.blocks_per_group % 8 == 0 && geometry.blocks_per_group <= 8 * block_size &&
           le32(sb + at::clusters_per_group) == geometry.blocks_per_group &&
           power_of_two(geometry.inode_size) && geometry.inode_size >= 128 &&
           geometry.inode_size <= block_size && geometry.inodes_per_group >= inodes_per_block &&
           geometry.inodes_per_group <= 8 * block_size && geometry.inodes_per_group % 8 == 0 &&
           power_of_two(geometry.descriptor_size) && geometry.descriptor_size >= 32 &&
           geometry.descriptor_size <= 1024;
}

bool counts_sane(const std::byte* sb, const Geometry& geometry) {
    const auto reserved = joined(le32(sb + at::reserved_low), le32(sb + at::reserved_high));
    const auto reserved_blocks =
        geometry.has(geometry.incompat, incompat::bit64) ? reserved : reserved & 0xffffffffU;
    const auto tables = std::uint64_t{geometry.table_blocks} * geometry.groups;
    return std::uint64_t{geometry.groups} * geometry.inodes_per_group == geometry.inodes &&
           tables < geometry.blocks && geometry.descriptor_blocks < geometry.blocks &&
           geometry.first_inode >= 11 && geometry.first_inode <= geometry.inodes &&
           reserved_blocks <= geometry.blocks / 2 &&
           geometry.reserved_descriptor_blocks <= geometry.block_size / 4 &&
           u8(sb + at::log_flex) <= 31 &&
           (geometry.inode_size == 128 ||
            (!bad_extra_size(le16(sb + at::min_extra), geometry.inode_size) &&
             !bad_extra_size(le16(sb + at::want_extra), geometry.inode_size)));
}

/// Features that contradict each other, or that stand for what is not there.
bool features_sane(const std::byte* sb, const Geometry& geometry) {
    const bool journal = geometry.has(geometry.compat, compat::has_journal);
    const bool recover = (le32(sb + at::incompat) & incompat::recover) != 0;
    const bool named = le32(sb + at::journal_inode) != 0 || le32(sb + at::journal_device) != 0;
    const bool both =
        geometry.metadata_checksums() && geometry.has(geometry.ro_compat, ro_compat::gdt_csum);
    return (journal || (!recover && !named)) && !both &&
           (geometry.metadata_checksums() ||
            !geometry.has(geometry.incompat, incompat::csum_seed)) &&
           (!geometry.metadata_checksums() || u8(sb + at::checksum_type) == 1) &&
           (geometry.has(geometry.compat, compat::resize_inode) ||
            geometry.reserved_descriptor_blocks == 0) &&
           (!geometry.has(geometry.incompat, incompat::bit64) ||
            (geometry.descriptor_size >= 64 && geometry.has(geometry.incompat, incompat::extents)));
}

bool beyond_us(const std::byte* sb, const Geometry& geometry) {
    const bool outside =
        geometry.has(geometry.compat, compat::has_journal) &&
        (le32(sb + at::journal_inode) != journal_inode || !is_zero({sb + at::journal_uuid, 16}) ||
         le32(sb + at::journal_device) != 0);
    const bool special = le32(sb + at::user_quota) != 0 || le32(sb + at::group_quota) != 0 ||
                         le32(sb + at::project_quota) != 0 || le32(sb + at::orphan_file) != 0;
    return special || (geometry.compat & ~known_compat) != 0 ||
           (geometry.incompat & ~known_incompat) != 0 ||
           (geometry.ro_compat & ~known_ro_compat) != 0 || le32(sb + at::revision) > 1 ||
           le32(sb + at::creator) == hurd || outside || le32(sb + at::log_block) > 2;
}

Flaw flaw_in(const std::byte* sb, Geometry& geometry, std::uint64_t image_size) {
    if (le16(sb + at::magic) != ext_magic) {
        return Flaw::superblock;
    }
    if (geometry.metadata_checksums() &&
        crc32c(~0U, {sb, at::checksum}) != le32(sb + at::checksum)) {
        return Flaw::superblock_checksum;
    }
    if (beyond_us(sb, geometry)) {
        return Flaw::beyond_us;
    }
    if (!sizes_sane(sb, geometry, image_size)) {
        return Flaw::superblock;
    }
    const auto spread = geometry.blocks - geometry.first_block;
    geometry.groups = static_cast<std::uint32_t>((spread + geometry.blocks_per_group - 1) /
                                                 geometry.blocks_per_group);
    const auto table_bytes = geometry.inodes_per_group * geometry.inode_size;
    geometry.table_blocks = (table_bytes + geometry.block_size - 1) / geometry.block_size;
    const auto per_block = geometry.block_size / geometry.descriptor_size;
    geometry.descriptor_blocks = (geometry.groups + per_block - 1) / per_block;
    const bool sane = counts_sane(sb, geometry) && features_sane(sb, geometry);
    return sane ? Flaw::none : Flaw::superblock;
}

bool is_power_of(std::uint32_t number, std::uint32_t base) {
    while (number % base == 0) {
        number /= base;
    }
    return number == 1;
}

}  // namespace

std::uint64_t Geometry::end_block_of(std::uint32_t group) const {
    return std::min(first_block_of(group) + blocks_per_group, blocks);
}

bool Geometry::has_superblock(std::uint32_t group) const {
    return group <= 1 || !has(ro_compat, ro_compat::sparse_super) || is_power_of(group, 3) ||
           is_power_of(group, 5) || is_power_of(group, 7);
}

Superblock parse_superblock(std::span<const std::byte> bytes, std::uint64_t image_size) {
    const auto* sb = bytes.data();
    Superblock parsed;
    parse_layout(sb, parsed.geometry);
    parsed.flaw = flaw_in(sb, parsed.geometry, image_size);
    parsed.needs_recovery = (le32(sb + at::incompat) & incompat::recover) != 0;
    parsed.has_errors = (le16(sb + at::state) & error_state) != 0;
    parsed.last_orphan = le32(sb + at::last_orphan);
    parsed.write_time = le32(sb + at::write_time);
    parsed.free_blocks = joined(le32(sb + at::free_blocks_low), le32(sb + at::free_blocks_high));
    parsed.free_inodes = le32(sb + at::free_inodes);
    return parsed;
}

void seal_superblock(std::span<std::byte> bytes) {
    if ((le32(bytes.data() + at::ro_compat) & ro_compat::metadata_csum) != 0) {
        put_le32(bytes.data() + at::checksum, crc32c(~0U, bytes.first(at::checksum)));
    }
}

}  // namespace ordeal::verifier::crash::ext
