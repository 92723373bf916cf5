#include "verifier/crash/ext/truncation.hpp"

#include "verifier/crash/ext/block_map.hpp"
#include "verifier/crash/ext/bytes.hpp"

#include <algorithm>
#include <cstring>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::size_t direct_pointers = 12;
constexpr std::size_t blocks_at = 28;

class Truncation {
  public:
    Truncation(RecoveredDisk& disk,
               const Geometry& geometry,
               Allocation& allocation,
               std::uint64_t end)
        : disk_(disk), geometry_(geometry), allocation_(allocation), end_(end) {}

    [[nodiscard]] bool failed() const { return failed_; }

    /// The fifteen pointers of an inode.
    void pointers(std::span<std::byte> map) {
        for (std::size_t index = 0; index < direct_pointers; ++index) {
            if (index >= end_) {
                release(map.data() + 4 * index);
            }
        }
        std::uint64_t start = direct_pointers;
        for (unsigned depth = 1; depth <= 3; ++depth) {
            indirect(map.data() + 4 * (direct_pointers + depth - 1), start, depth);
            start += span_of(depth);
        }
    }

    /// A node of an extent tree, whose checksum the caller renews. True if nothing is left in it.
    /// Trusts nothing: a node may lie where another one was just changed.
    bool extents(std::span<std::byte> node, std::uint32_t seed, unsigned depth) {
        if (!extent_header_sane(node)) {
            failed_ = true;
            return false;
        }
        auto* bytes = node.data();
        const std::size_t entries = le16(bytes + 2);
        std::size_t kept = 0;
        for (std::size_t index = 0; index < entries && !failed_; ++index) {
            auto* entry = bytes + extent_header_size + index * extent_size;
            if (depth == 0 ? keep_extent(entry) : keep_child(entry, seed, depth - 1)) {
                std::memmove(bytes + extent_header_size + kept * extent_size, entry, extent_size);
                ++kept;
            }
        }
        put_le16(bytes + 2, static_cast<std::uint16_t>(kept));
        return kept == 0;
    }

  private:
    [[nodiscard]] std::uint64_t span_of(unsigned depth) const {
        const std::uint64_t pointers = geometry_.block_size / 4;
        return depth == 1 ? pointers : pointers * span_of(depth - 1);
    }

    void free_block(std::uint64_t block) {
        if (!geometry_.is_block(block) || !allocation_.free_block(block)) {
            failed_ = true;
        }
    }

    void release(std::byte* pointer) {
        if (const auto block = le32(pointer); block != 0 && !failed_) {
            free_block(block);
            put_le32(pointer, 0);
        }
    }

    void indirect(std::byte* pointer, std::uint64_t start, unsigned depth) {
        const auto block = le32(pointer);
        if (block == 0 || failed_ || start + span_of(depth) <= end_) {
            return;
        }
        if (!geometry_.is_block(block)) {
            failed_ = true;
            return;
        }
        const auto below = disk_.patch(block);
        const auto step = depth == 1 ? 1 : span_of(depth - 1);
        for (std::size_t index = 0; index < below.size() / 4; ++index, start += step) {
            if (depth > 1) {
                indirect(below.data() + 4 * index, start, depth - 1);
            } else if (start >= end_) {
                release(below.data() + 4 * index);
            }
        }
        if (std::ranges::all_of(below, [](std::byte byte) { return byte == std::byte{0}; })) {
            release(pointer);
        }
    }

    bool keep_extent(std::byte* entry) {
        const std::uint64_t logical = le32(entry);
        const std::uint32_t raw = le16(entry + 4);
        const bool unwritten = raw > longest_extent;
        const auto length = unwritten ? raw - longest_extent : raw;
        const auto physical = joined(le32(entry + 8), le16(entry + 6));
        const auto kept = end_ <= logical ? 0 : std::min<std::uint64_t>(length, end_ - logical);
        for (auto block = kept; block < length && !failed_; ++block) {
            free_block(physical + block);
        }
        put_le16(entry + 4,
                 static_cast<std::uint16_t>(kept + (unwritten && kept != 0 ? longest_extent : 0)));
        return kept != 0;
    }

    bool keep_child(const std::byte* entry, std::uint32_t seed, unsigned depth) {
        const auto block = joined(le32(entry + 4), le16(entry + 8));
        if (!geometry_.is_block(block)) {
            failed_ = true;
            return true;
        }
        const auto node = disk_.patch(block);
        if (extents(node, seed, depth)) {
            free_block(block);
            return false;
        }
        if (geometry_.metadata_checksums() && extent_header_sane(node)) {
            put_le32(node.data() + extent_checksum_offset(node), extent_checksum(seed, node));
        }
        return true;
    }

    RecoveredDisk& disk_;
    const Geometry& geometry_;
    Allocation& allocation_;
    std::uint64_t end_;
    bool failed_ = false;
};

}  // namespace

bool truncate(RecoveredDisk& disk,
              const Geometry& geometry,
              Allocation& allocation,
              std::uint32_t number,
              std::span<std::byte> inode,
              std::uint64_t end) {
    const InodeFields fields(geometry, inode);
    if (read_block_map(disk, geometry, number, fields).flaw != Flaw::none) {
        return false;
    }
    const auto before = allocation.freed_blocks();
    Truncation truncation(disk, geometry, allocation, end);
    const auto map = inode.subspan(map_offset, map_size);
    if (fields.has(inode_flag::extents) && geometry.has(geometry.incompat, incompat::extents)) {
        const auto depth = le16(map.data() + 6);
        if (truncation.extents(map, fields.checksum_seed(number), depth)) {
            put_le16(map.data() + 6, 0);  // an empty root is a leaf
        }
    } else {
        truncation.pointers(map);
    }
    const auto freed = allocation.freed_blocks() - before;
    const auto units = fields.has(inode_flag::huge_file) ? 1U : geometry.sectors_per_block();
    put_le32(inode.data() + blocks_at,
             le32(inode.data() + blocks_at) - static_cast<std::uint32_t>(freed * units));
    return !truncation.failed();
}

}  // namespace ordeal::verifier::crash::ext
