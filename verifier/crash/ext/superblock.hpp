#pragma once

#include "verifier/crash/ext/flaw.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ordeal::verifier::crash::ext {

// Bits of the three feature words, as the ext4 documentation of the kernel names them.
namespace compat {
inline constexpr std::uint32_t has_journal = 0x4;
inline constexpr std::uint32_t ext_attr = 0x8;
inline constexpr std::uint32_t resize_inode = 0x10;
inline constexpr std::uint32_t dir_index = 0x20;
}  // namespace compat

namespace incompat {
inline constexpr std::uint32_t filetype = 0x2;
inline constexpr std::uint32_t recover = 0x4;
inline constexpr std::uint32_t extents = 0x40;
inline constexpr std::uint32_t bit64 = 0x80;
inline constexpr std::uint32_t flex_bg = 0x200;
inline constexpr std::uint32_t csum_seed = 0x2000;
}  // namespace incompat

namespace ro_compat {
inline constexpr std::uint32_t sparse_super = 0x1;
inline constexpr std::uint32_t large_file = 0x2;
inline constexpr std::uint32_t huge_file = 0x8;
inline constexpr std::uint32_t gdt_csum = 0x10;
inline constexpr std::uint32_t dir_nlink = 0x20;
inline constexpr std::uint32_t extra_isize = 0x40;
inline constexpr std::uint32_t metadata_csum = 0x400;
}  // namespace ro_compat

inline constexpr std::uint32_t root_inode = 2;
inline constexpr std::uint32_t resize_inode_number = 7;
inline constexpr std::uint32_t journal_inode = 8;

/// What is fixed for the life of a filesystem. Other parts may index by it once parse() found no
/// flaw: every table that it speaks of fits in the image.
struct Geometry {
    std::uint64_t blocks = 0;
    std::uint32_t inodes = 0;
    std::uint32_t block_size = 0;
    std::uint32_t first_block = 0;  ///< of group 0: 1 with blocks of 1 KiB, otherwise 0
    std::uint32_t groups = 0;
    std::uint32_t blocks_per_group = 0;
    std::uint32_t inodes_per_group = 0;
    std::uint32_t inode_size = 0;
    std::uint32_t first_inode = 0;   ///< those before it are reserved
    std::uint32_t table_blocks = 0;  ///< of a group's inode table
    std::uint32_t descriptor_size = 0;
    std::uint32_t descriptor_blocks = 0;
    std::uint32_t reserved_descriptor_blocks = 0;
    std::uint32_t prealloc_dir_blocks = 0;
    std::uint32_t compat = 0;
    std::uint32_t incompat = 0;  ///< without `recover`
    std::uint32_t ro_compat = 0;
    std::uint32_t checksum_seed = 0;
    std::uint32_t hash_flags = 0;  ///< 2: names are hashed as unsigned characters
    std::array<std::uint32_t, 4> hash_seed{};
    std::array<std::byte, 16> uuid{};
    bool low_dtime_is_suspect = false;  ///< a small deletion time is a link of the orphan list

    friend bool operator==(const Geometry&, const Geometry&) = default;

    [[nodiscard]] bool has(std::uint32_t word, std::uint32_t feature) const {
        return (word & feature) != 0;
    }

    [[nodiscard]] bool metadata_checksums() const {
        return has(ro_compat, ro_compat::metadata_csum);
    }

    /// Group descriptors carry checksums and may declare tables uninitialised.
    [[nodiscard]] bool group_checksums() const {
        return has(ro_compat, ro_compat::metadata_csum | ro_compat::gdt_csum);
    }

    [[nodiscard]] std::uint32_t sectors_per_block() const { return block_size / 512; }

    [[nodiscard]] bool is_block(std::uint64_t number) const {
        return number >= first_block && number < blocks;
    }

    [[nodiscard]] bool is_inode(std::uint64_t number) const {
        return number >= 1 && number <= inodes;
    }

    [[nodiscard]] std::uint32_t group_of_inode(std::uint32_t number) const {
        return (number - 1) / inodes_per_group;
    }

    [[nodiscard]] std::uint32_t group_of_block(std::uint64_t number) const {
        return static_cast<std::uint32_t>((number - first_block) / blocks_per_group);
    }

    [[nodiscard]] std::uint64_t first_block_of(std::uint32_t group) const {
        return first_block + std::uint64_t{group} * blocks_per_group;
    }

    /// One past the last block of a group.
    [[nodiscard]] std::uint64_t end_block_of(std::uint32_t group) const;

    /// The group holds a copy of superblock and descriptors.
    [[nodiscard]] bool has_superblock(std::uint32_t group) const;
};

inline constexpr std::uint64_t superblock_offset = 1024;
inline constexpr std::size_t superblock_size = 1024;

/// A superblock: what is fixed, and what changes while the filesystem is in use.
struct Superblock {
    Geometry geometry;
    Flaw flaw = Flaw::none;  ///< if any, nothing but this is meaningful
    bool needs_recovery = false;
    bool has_errors = false;  ///< the kernel met an error and said so
    std::uint32_t last_orphan = 0;
    std::uint32_t write_time = 0;  ///< seconds since 1970
    std::uint64_t free_blocks = 0;
    std::uint32_t free_inodes = 0;
};

/// `bytes`: the superblock's 1024. `image_size` in bytes bounds all that is believed.
[[nodiscard]] Superblock parse_superblock(std::span<const std::byte> bytes,
                                          std::uint64_t image_size);

/// Rewrites the checksum, where the filesystem has one.
void seal_superblock(std::span<std::byte> bytes);

}  // namespace ordeal::verifier::crash::ext
