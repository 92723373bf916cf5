#include "verifier/crash/ext/extent_tree.hpp"

#include "verifier/crash/ext/checksum.hpp"

namespace ordeal::verifier::crash::ext {
namespace {

struct Extent {
    std::uint64_t logical = 0;
    std::uint64_t physical = 0;
    std::uint32_t length = 0;
    bool written = true;
};

std::uint16_t entries_of(std::span<const std::byte> node) {
    return le16(node.data() + 2);
}

std::uint16_t depth_of(std::span<const std::byte> node) {
    return le16(node.data() + 6);
}

const std::byte* entry_of(std::span<const std::byte> node, std::size_t index) {
    return node.data() + extent_header_size + extent_size * index;
}

Extent leaf_extent(const std::byte* entry) {
    Extent extent{.logical = le32(entry),
                  .physical = joined(le32(entry + 8), le16(entry + 6)),
                  .length = le16(entry + 4)};
    if (extent.length > longest_extent) {
        extent.length -= longest_extent;
        extent.written = false;
    }
    return extent;
}

class ExtentWalk {
  public:
    ExtentWalk(RecoveredDisk& disk,
               const Geometry& geometry,
               std::uint32_t number,
               const InodeFields& inode,
               BlockMap& map)
        : disk_(disk),
          geometry_(geometry),
          inode_(inode),
          map_(map),
          seed_(inode.checksum_seed(number)),
          end_((inode.size() + geometry.block_size - 1) / geometry.block_size) {}

    void walk() {
        const auto root = inode_.map();
        if (!extent_header_sane(root) || depth_of(root) > deepest_extent_tree) {
            fail(Flaw::extent_header, 0);
            return;
        }
        node(root, {.depth = depth_of(root), .start = 0, .last = 0, .end = end_});
    }

  private:
    /// What a node may cover. `last` 0: not bounded, as at the root.
    struct Bounds {
        unsigned depth = 0;
        std::uint64_t start = 0;
        std::uint64_t last = 0;
        std::uint64_t end = 0;  ///< one past, for the last index of the node
    };

    void fail(Flaw flaw, std::uint64_t block) {
        if (map_.flaw == Flaw::none) {
            map_.flaw = flaw;
            map_.flaw_block = block;
        }
    }

    [[nodiscard]] bool failed() const { return map_.flaw != Flaw::none; }

    bool count(std::uint64_t blocks, std::uint64_t at) {
        map_.blocks += blocks;
        if (map_.blocks > geometry_.blocks) {
            fail(Flaw::block_shared, at);
        }
        return !failed();
    }

    void node(std::span<const std::byte> bytes, Bounds bounds) {
        const std::size_t entries = entries_of(bytes);
        for (std::size_t index = 0; index < entries && !failed(); ++index) {
            const auto* entry = entry_of(bytes, index);
            if (bounds.depth == 0) {
                leaf(leaf_extent(entry), bounds);
                continue;
            }
            Extent extent{.logical = le32(entry),
                          .physical = joined(le32(entry + 4), le16(entry + 8))};
            const auto end = index + 1 < entries ? le32(entry_of(bytes, index + 1)) : bounds.end;
            extent.length = static_cast<std::uint32_t>(end - extent.logical);
            if (in_bounds(extent, bounds, false)) {
                descend(extent, bounds.depth - 1, end);
            }
        }
    }

    bool in_bounds(const Extent& extent, const Bounds& bounds, bool leaf) {
        const auto last = extent.logical + extent.length - 1;
        if (!geometry_.is_block(extent.physical)) {
            fail(Flaw::block_number, extent.physical);
        } else if (extent.logical < bounds.start) {
            fail(Flaw::extent_order, extent.physical);
        } else if (bounds.last != 0 && last > bounds.last &&
                   !(leaf && !extent.written && last + 1 > end_)) {
            fail(Flaw::extent_order, extent.physical);
        }
        return !failed();
    }

    void leaf(const Extent& extent, Bounds& bounds) {
        if (!in_bounds(extent, bounds, true)) {
            return;
        }
        const bool directory = inode_.is(FileType::directory);
        const auto end = extent.logical + extent.length;
        const auto log = static_cast<unsigned>(geometry_.block_size / 2048);
        if (extent.length == 0 || extent.logical < next_) {
            fail(Flaw::extent_order, extent.physical);
        } else if (extent.physical + extent.length > geometry_.blocks) {
            fail(Flaw::block_number, extent.physical);
        } else if (directory && inode_.size_high() == 0 &&
                   end > (std::uint64_t{1} << (21U - log))) {
            fail(Flaw::inode_size, extent.physical);
        } else if (directory && (!extent.written || extent.logical > next_)) {
            fail(Flaw::directory_hole, extent.physical);
        } else if (count(extent.length, extent.physical)) {
            next_ = end;
            bounds.start = end - 1;
            map_.runs.push_back({.logical = extent.logical,
                                 .physical = extent.physical,
                                 .length = extent.length,
                                 .written = extent.written});
        }
    }

    void descend(const Extent& index, unsigned depth, std::uint64_t end) {
        map_.map_blocks.push_back({index.physical, disk_.stamp(index.physical)});
        if (!count(1, index.physical)) {
            return;
        }
        BlockBuffer room;
        const auto bytes = disk_.block(index.physical, room);
        if (!extent_header_sane(bytes) || depth_of(bytes) != depth || entries_of(bytes) == 0) {
            fail(Flaw::extent_header, index.physical);
            return;
        }
        if (geometry_.metadata_checksums() &&
            le32(bytes.data() + extent_checksum_offset(bytes)) != extent_checksum(seed_, bytes)) {
            fail(Flaw::extent_checksum, index.physical);
            return;
        }
        if (le32(entry_of(bytes, 0)) != index.logical) {
            fail(Flaw::extent_order, index.physical);
            return;
        }
        node(bytes,
             {.depth = depth,
              .start = index.logical,
              .last = index.logical + index.length - 1,
              .end = end});
    }

    RecoveredDisk& disk_;
    const Geometry& geometry_;
    const InodeFields& inode_;
    BlockMap& map_;
    std::uint32_t seed_;
    std::uint64_t end_;       ///< of the file by its size, in blocks
    std::uint64_t next_ = 0;  ///< the first logical block that no extent covered yet
};

}  // namespace

bool extent_header_sane(std::span<const std::byte> node) {
    const auto room = (node.size() - extent_header_size) / extent_size;
    const auto most = le16(node.data() + 4);
    return le16(node.data()) == extent_magic && entries_of(node) <= most && most <= room &&
           most + 2U >= room;
}

std::size_t extent_checksum_offset(std::span<const std::byte> node) {
    return extent_header_size + extent_size * le16(node.data() + 4);
}

std::uint32_t extent_checksum(std::uint32_t seed, std::span<const std::byte> node) {
    return crc32c(seed, node.first(extent_checksum_offset(node)));
}

void read_extent_tree(RecoveredDisk& disk,
                      const Geometry& geometry,
                      std::uint32_t number,
                      const InodeFields& inode,
                      BlockMap& map) {
    ExtentWalk(disk, geometry, number, inode, map).walk();
}

}  // namespace ordeal::verifier::crash::ext
