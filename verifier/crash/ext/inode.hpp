#pragma once

#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ordeal::verifier::crash::ext {

// Bits of i_flags.
namespace inode_flag {
inline constexpr std::uint32_t immutable = 0x10;
inline constexpr std::uint32_t append = 0x20;
inline constexpr std::uint32_t encrypted = 0x800;
inline constexpr std::uint32_t index = 0x1000;  ///< a directory with a hash tree
inline constexpr std::uint32_t imagic = 0x2000;
inline constexpr std::uint32_t huge_file = 0x40000;  ///< i_blocks counts blocks, not sectors
inline constexpr std::uint32_t extents = 0x80000;
inline constexpr std::uint32_t verity = 0x100000;
inline constexpr std::uint32_t ea_inode = 0x200000;
inline constexpr std::uint32_t inline_data = 0x10000000;
inline constexpr std::uint32_t casefold = 0x40000000;
}  // namespace inode_flag

/// The type of a file as directory entries tell it.
enum class FileType : std::uint8_t {
    unknown,
    regular,
    directory,
    character_device,
    block_device,
    fifo,
    socket,
    symlink
};

/// The map of an inode: i_block, 60 bytes at offset 40.
inline constexpr std::size_t map_offset = 40;
inline constexpr std::size_t map_size = 60;
inline constexpr std::size_t map_pointers = 15;
inline constexpr std::size_t classic_inode_size = 128;

/// An inode's fields, read where they lie. `bytes`: all of Geometry::inode_size; they outlive it.
class InodeFields {
  public:
    InodeFields(const Geometry& geometry, std::span<const std::byte> bytes)
        : geometry_(geometry), bytes_(bytes) {}

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

    [[nodiscard]] std::uint16_t mode() const { return le16(at(0)); }

    [[nodiscard]] FileType type() const;

    [[nodiscard]] bool is(FileType wanted) const { return type() == wanted; }

    [[nodiscard]] std::uint64_t size() const { return joined(le32(at(4)), le32(at(108))); }

    [[nodiscard]] std::uint32_t size_high() const { return le32(at(108)); }

    [[nodiscard]] std::uint32_t deletion_time() const { return le32(at(20)); }

    [[nodiscard]] std::uint16_t links() const { return le16(at(26)); }

    /// In sectors, or in blocks under inode_flag::huge_file.
    [[nodiscard]] std::uint64_t blocks() const;

    [[nodiscard]] std::uint16_t blocks_high() const { return le16(at(116)); }

    [[nodiscard]] std::uint32_t flags() const { return le32(at(32)); }

    [[nodiscard]] bool has(std::uint32_t flag) const { return (flags() & flag) != 0; }

    [[nodiscard]] std::span<const std::byte> map() const {
        return bytes_.subspan(map_offset, map_size);
    }

    [[nodiscard]] std::uint32_t pointer(std::size_t index) const {
        return le32(at(map_offset + 4 * index));
    }

    [[nodiscard]] std::uint32_t generation() const { return le32(at(100)); }

    /// The block of extended attributes; 0: none.
    [[nodiscard]] std::uint64_t attributes() const;

    [[nodiscard]] std::uint16_t attributes_high() const { return le16(at(118)); }

    [[nodiscard]] std::uint32_t fragment() const { return le32(at(112)); }

    [[nodiscard]] std::uint16_t owner() const { return le16(at(2)); }

    [[nodiscard]] std::uint16_t owner_group() const { return le16(at(24)); }

    /// Bytes used behind the classic 128; 0 where there is no such space.
    [[nodiscard]] std::uint16_t extra_size() const {
        return bytes_.size() > classic_inode_size ? le16(at(128)) : std::uint16_t{0};
    }

    /// A symbolic link whose target stands in the map.
    [[nodiscard]] bool is_fast_symlink() const {
        return is(FileType::symlink) && size() > 0 && size() < map_size;
    }

    /// Its map leads to blocks.
    [[nodiscard]] bool maps_blocks() const;

    /// A seed for the checksums of all that belongs to it.
    [[nodiscard]] std::uint32_t checksum_seed(std::uint32_t number) const;

    [[nodiscard]] bool checksum_holds(std::uint32_t number) const;

  private:
    [[nodiscard]] const std::byte* at(std::size_t offset) const { return bytes_.data() + offset; }

    const Geometry& geometry_;
    std::span<const std::byte> bytes_;
};

/// Rewrites the checksum of an inode that was changed, where the filesystem has one.
void seal_inode(const Geometry& geometry, std::uint32_t number, std::span<std::byte> bytes);

}  // namespace ordeal::verifier::crash::ext
