#include "verifier/crash/ext/allocation.hpp"

#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/orphans.hpp"

namespace ordeal::verifier::crash::ext {
namespace {

// Offsets in the superblock.
constexpr std::size_t free_blocks_low = 12;
constexpr std::size_t free_inodes = 16;
constexpr std::size_t free_blocks_high = 344;

/// True if the bit was set.
bool clear_bit(std::span<std::byte> bitmap, std::uint64_t bit) {
    const auto mask = std::byte{1} << (bit % 8);
    const bool was_set = (bitmap[bit / 8] & mask) != std::byte{0};
    bitmap[bit / 8] &= ~mask;
    return was_set;
}

}  // namespace

std::span<std::byte> Allocation::descriptor(std::uint32_t index) {
    const auto place = place_of_descriptor(geometry_, index);
    return disk_.patch(place.block).subspan(place.offset, geometry_.descriptor_size);
}

Group Allocation::group(std::uint32_t index) {
    return parse_group(geometry_, index, descriptor(index));
}

bool Allocation::free_block(std::uint64_t block) {
    const auto index = geometry_.group_of_block(block);
    const auto bitmap = group(index).tables.block_bitmap;
    if (!geometry_.is_block(bitmap) ||
        !clear_bit(disk_.patch(bitmap), block - geometry_.first_block_of(index))) {
        return false;
    }
    add_free_blocks(descriptor(index), 1);
    block_groups_.insert(index);
    ++freed_blocks_;
    return true;
}

void Allocation::free_inode(std::uint32_t number, bool directory) {
    const auto index = geometry_.group_of_inode(number);
    const auto bitmap = group(index).tables.inode_bitmap;
    if (!geometry_.is_block(bitmap)) {
        return;
    }
    (void)clear_bit(disk_.patch(bitmap), (number - 1) % geometry_.inodes_per_group);
    add_free_inodes(descriptor(index), 1);
    if (directory) {
        add_directories(descriptor(index), -1);
    }
    inode_groups_.insert(index);
    ++freed_inodes_;
}

void Allocation::finish() {
    for (const auto index : block_groups_) {
        const auto sum = bitmap_checksum(
            geometry_, disk_.patch(group(index).tables.block_bitmap), geometry_.blocks_per_group);
        set_block_bitmap_checksum(geometry_, descriptor(index), sum);
        seal_group(geometry_, index, descriptor(index));
    }
    for (const auto index : inode_groups_) {
        const auto sum = bitmap_checksum(
            geometry_, disk_.patch(group(index).tables.inode_bitmap), geometry_.inodes_per_group);
        set_inode_bitmap_checksum(geometry_, descriptor(index), sum);
        seal_group(geometry_, index, descriptor(index));
    }
    const auto place = place_of_superblock(geometry_);
    const auto super = disk_.patch(place.block).subspan(place.offset, superblock_size);
    auto* bytes = super.data();
    const auto blocks =
        joined(le32(bytes + free_blocks_low), le32(bytes + free_blocks_high)) + freed_blocks_;
    put_le32(bytes + free_blocks_low, static_cast<std::uint32_t>(blocks));
    put_le32(bytes + free_blocks_high, static_cast<std::uint32_t>(blocks >> 32U));
    put_le32(bytes + free_inodes, le32(bytes + free_inodes) + freed_inodes_);
    seal_superblock(super);
}

}  // namespace ordeal::verifier::crash::ext
