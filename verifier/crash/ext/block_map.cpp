#include "verifier/crash/ext/block_map.hpp"

#include "verifier/crash/ext/extent_tree.hpp"

#include <array>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::size_t direct_pointers = 12;

/// Walks the classic map of direct and indirect pointers.
class PointerWalk {
  public:
    PointerWalk(RecoveredDisk& disk,
                const Geometry& geometry,
                const InodeFields& inode,
                BlockMap& map)
        : disk_(disk), geometry_(geometry), inode_(inode), map_(map) {
        const auto log = static_cast<unsigned>(geometry.block_size / 2048);  // 0, 1, 2
        directory_end_ = std::uint64_t{1} << (21U - log);
        longest_ = std::uint64_t{1} << (31U - log);
    }

    void walk() {
        std::uint64_t logical = 0;
        for (std::size_t index = 0; index < direct_pointers; ++index) {
            data(inode_.pointer(index), logical++);
        }
        for (unsigned depth = 1; depth <= 3; ++depth) {
            indirect(inode_.pointer(direct_pointers + depth - 1), logical, depth);
        }
    }

  private:
    bool fail(Flaw flaw, std::uint64_t block) {
        map_.flaw = flaw;
        map_.flaw_block = block;
        return false;
    }

    /// Counts a block that the map leads to; `data`: its logical number, if it is no map block.
    bool take(std::uint64_t block, const std::uint64_t* data) {
        const bool directory = inode_.is(FileType::directory);
        const bool regular = inode_.is(FileType::regular);
        if (!geometry_.is_block(block)) {
            return fail(Flaw::block_number, block);
        }
        if ((directory && data != nullptr && *data > directory_end_) ||
            ((directory || regular) && map_.blocks + 1 >= longest_) ||
            (!directory && !regular && data != nullptr && *data > 0)) {
            return fail(Flaw::inode_size, block);
        }
        if (++map_.blocks > geometry_.blocks) {
            return fail(Flaw::block_shared, block);  // a loop, or the same block again and again
        }
        return true;
    }

    void data(std::uint64_t block, std::uint64_t logical) {
        if (block == 0 || map_.flaw != Flaw::none || !take(block, &logical)) {
            return;
        }
        if (!map_.runs.empty()) {
            auto& last = map_.runs.back();
            if (last.physical + last.length == block && last.logical + last.length == logical) {
                ++last.length;
                return;
            }
        }
        map_.runs.push_back({.logical = logical, .physical = block, .length = 1});
    }

    void indirect(std::uint64_t block, std::uint64_t& logical, unsigned depth) {
        const std::uint64_t pointers = geometry_.block_size / 4;
        if (block == 0 || map_.flaw != Flaw::none || !take(block, nullptr)) {
            for (std::uint64_t span = pointers, level = depth;; span *= pointers) {
                if (--level == 0) {
                    logical += span;
                    return;
                }
            }
        }
        map_.map_blocks.push_back({block, disk_.stamp(block)});
        BlockBuffer room;
        const auto bytes = disk_.block(block, room);
        // The content may be in flight elsewhere: what a deeper read decides does not change it.
        for (std::size_t index = 0; index < pointers && map_.flaw == Flaw::none; ++index) {
            const auto pointer = le32(bytes.data() + 4 * index);
            if (depth == 1) {
                data(pointer, logical++);
            } else {
                indirect(pointer, logical, depth - 1);
            }
        }
    }

    RecoveredDisk& disk_;
    const Geometry& geometry_;
    const InodeFields& inode_;
    BlockMap& map_;
    std::uint64_t directory_end_ = 0;
    std::uint64_t longest_ = 0;
};

}  // namespace

BlockMap read_block_map(RecoveredDisk& disk,
                        const Geometry& geometry,
                        std::uint32_t number,
                        const InodeFields& inode) {
    BlockMap map;
    if (inode.has(inode_flag::extents) && geometry.has(geometry.incompat, incompat::extents)) {
        read_extent_tree(disk, geometry, number, inode, map);
    } else {
        PointerWalk(disk, geometry, inode, map).walk();
    }
    return map;
}

}  // namespace ordeal::verifier::crash::ext
