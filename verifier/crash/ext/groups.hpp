#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ordeal::verifier::crash::ext {

// Bits of a group's flags.
namespace group_flag {
inline constexpr std::uint16_t inodes_uninitialised = 1;
inline constexpr std::uint16_t blocks_uninitialised = 2;
}  // namespace group_flag

/// Where a group's tables are.
struct GroupTables {
    std::uint64_t block_bitmap = 0;
    std::uint64_t inode_bitmap = 0;
    std::uint64_t inode_table = 0;

    friend bool operator==(const GroupTables&, const GroupTables&) = default;
};

/// A group descriptor.
struct Group {
    GroupTables tables;
    std::uint32_t free_blocks = 0;
    std::uint32_t free_inodes = 0;
    std::uint32_t directories = 0;
    std::uint32_t unused_inodes = 0;  ///< at the end of the table, never written
    std::uint16_t flags = 0;
    std::uint32_t block_bitmap_checksum = 0;
    std::uint32_t inode_bitmap_checksum = 0;
    Flaw flaw = Flaw::none;

    friend bool operator==(const Group&, const Group&) = default;

    [[nodiscard]] bool has(std::uint16_t flag) const { return (flags & flag) != 0; }

    /// Inodes of the table that mean anything.
    [[nodiscard]] std::uint32_t used_inodes(const Geometry& geometry) const;
};

/// The block of the group descriptors' table that holds a group's, and where in it.
struct DescriptorPlace {
    std::uint64_t block = 0;
    std::size_t offset = 0;
};

[[nodiscard]] DescriptorPlace place_of_descriptor(const Geometry& geometry, std::uint32_t group);

/// `bytes`: the descriptor's. Without a flaw its tables lie inside of the filesystem.
[[nodiscard]] Group parse_group(const Geometry& geometry,
                                std::uint32_t group,
                                std::span<const std::byte> bytes);

/// All groups.
[[nodiscard]] std::vector<Group> read_groups(RecoveredDisk& disk, const Geometry& geometry);

/// A bitmap's checksum as its group's descriptor keeps it; `bits`: how many count.
[[nodiscard]] std::uint32_t bitmap_checksum(const Geometry& geometry,
                                            std::span<const std::byte> bitmap,
                                            std::uint32_t bits);

// Changes to a descriptor that was read with patch().

/// Adds to what it counts; not below zero.
void add_free_blocks(std::span<std::byte> bytes, std::int64_t count);
void add_free_inodes(std::span<std::byte> bytes, std::int64_t count);
void add_directories(std::span<std::byte> bytes, std::int64_t count);
void set_block_bitmap_checksum(const Geometry& geometry,
                               std::span<std::byte> bytes,
                               std::uint32_t sum);
void set_inode_bitmap_checksum(const Geometry& geometry,
                               std::span<std::byte> bytes,
                               std::uint32_t sum);
/// Rewrites the descriptor's own checksum.
void seal_group(const Geometry& geometry, std::uint32_t group, std::span<std::byte> bytes);

}  // namespace ordeal::verifier::crash::ext
