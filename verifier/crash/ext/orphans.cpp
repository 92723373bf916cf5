#include "verifier/crash/ext/orphans.hpp"

#include "verifier/crash/ext/allocation.hpp"
#include "verifier/crash/ext/attributes.hpp"
#include "verifier/crash/ext/block_map.hpp"
#include "verifier/crash/ext/bytes.hpp"
#include "verifier/crash/ext/inode.hpp"
#include "verifier/crash/ext/truncation.hpp"

#include <set>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::size_t incompat_at = 96;
constexpr std::size_t last_orphan_at = 232;
constexpr std::size_t deletion_time_at = 20;
constexpr std::size_t attributes_low_at = 104;
constexpr std::size_t attributes_high_at = 118;

class Orphans {
  public:
    Orphans(RecoveredDisk& disk, const Superblock& superblock)
        : disk_(disk),
          superblock_(superblock),
          geometry_(superblock.geometry),
          allocation_(disk, geometry_) {}

    OrphanReport process() {
        auto number = superblock_.last_orphan;
        // After an error the list cannot be trusted; then it is dropped.
        while (number != 0 && !superblock_.has_errors) {
            if (!is_orphan(number) || !seen_.insert(number).second) {
                report_.flaw = Flaw::orphan_list;
                return report_;
            }
            const auto next = end_one(number);
            if (report_.flaw != Flaw::none) {
                return report_;
            }
            number = next;
        }
        const auto place = place_of_superblock(geometry_);
        put_le32(disk_.patch(place.block).data() + place.offset + last_orphan_at, 0);
        allocation_.finish();
        return report_;
    }

  private:
    [[nodiscard]] bool is_orphan(std::uint32_t number) const {
        return number >= geometry_.first_inode && geometry_.is_inode(number);
    }

    /// Ends one and answers the next.
    std::uint32_t end_one(std::uint32_t number) {
        const auto inode = find(number);
        if (inode.empty()) {
            report_.flaw = Flaw::orphan_list;
            return 0;
        }
        const InodeFields fields(geometry_, inode);
        const auto next = fields.deletion_time();
        const bool deleted = fields.links() == 0;
        const std::uint64_t block = geometry_.block_size;
        const auto end = deleted ? 0 : (fields.size() + block - 1) / block;
        bool sound = true;
        if (deleted) {
            sound = free_all(number, fields) && free_attributes(inode, fields);
            allocation_.free_inode(number, fields.is(FileType::directory));
            put_le32(inode.data() + deletion_time_at, deletion_time());
        } else {
            sound = !fields.maps_blocks() ||
                    truncate(disk_, geometry_, allocation_, number, inode, end);
            put_le32(inode.data() + deletion_time_at, 0);
        }
        seal_inode(geometry_, number, inode);
        ++(deleted ? report_.deleted : report_.truncated);
        report_.flaw = sound ? Flaw::none : Flaw::orphan_list;
        return next;
    }

    std::span<std::byte> find(std::uint32_t number) {
        const auto index = geometry_.group_of_inode(number);
        const auto place = place_of_descriptor(geometry_, index);
        BlockBuffer room;
        const auto bytes = disk_.block(place.block, room);
        const auto table =
            parse_group(geometry_, index, bytes.subspan(place.offset, geometry_.descriptor_size))
                .tables.inode_table;
        const auto offset =
            std::uint64_t{(number - 1) % geometry_.inodes_per_group} * geometry_.inode_size;
        const auto block = table + offset / geometry_.block_size;
        if (!geometry_.is_block(table) || !geometry_.is_block(block)) {
            return {};
        }
        return disk_.patch(block).subspan(offset % geometry_.block_size, geometry_.inode_size);
    }

    /// The inode keeps its map, as the kernel leaves it.
    bool free_all(std::uint32_t number, const InodeFields& fields) {
        if (!fields.maps_blocks()) {
            return true;
        }
        const auto map = read_block_map(disk_, geometry_, number, fields);
        bool sound = map.flaw == Flaw::none;
        for (const auto& run : map.runs) {
            for (std::uint64_t block = 0; block < run.length && sound; ++block) {
                sound = allocation_.free_block(run.physical + block);
            }
        }
        for (const auto& block : map.map_blocks) {
            sound = sound && allocation_.free_block(block.number);
        }
        return sound;
    }

    bool free_attributes(std::span<std::byte> inode, const InodeFields& fields) {
        const auto number = fields.attributes();
        if (number == 0) {
            return true;
        }
        if (!geometry_.is_block(number)) {
            return false;
        }
        BlockBuffer room;
        const auto parsed = parse_attribute_block(geometry_, number, disk_.block(number, room));
        if (parsed.flaw != Flaw::none || parsed.references == 0) {
            return false;
        }
        if (parsed.references > 1) {
            set_attribute_references(geometry_, number, disk_.patch(number), parsed.references - 1);
        } else if (!allocation_.free_block(number)) {
            return false;
        }
        put_le32(inode.data() + attributes_low_at, 0);
        put_le16(inode.data() + attributes_high_at, 0);
        return true;
    }

    /// One that no check takes for a link of the list.
    [[nodiscard]] std::uint32_t deletion_time() const {
        return superblock_.write_time > geometry_.inodes ? superblock_.write_time : ~0U;
    }

    RecoveredDisk& disk_;
    const Superblock& superblock_;
    const Geometry& geometry_;
    Allocation allocation_;
    OrphanReport report_;
    std::set<std::uint32_t> seen_;
};

}  // namespace

OrphanReport process_orphans(RecoveredDisk& disk, const Superblock& superblock) {
    return superblock.last_orphan == 0 ? OrphanReport{} : Orphans(disk, superblock).process();
}

SuperblockPlace place_of_superblock(const Geometry& geometry) {
    return {.block = superblock_offset / geometry.block_size,
            .offset = superblock_offset % geometry.block_size};
}

void mark_recovered(RecoveredDisk& disk, const Geometry& geometry) {
    const auto place = place_of_superblock(geometry);
    const auto super = disk.patch(place.block).subspan(place.offset, superblock_size);
    put_le32(super.data() + incompat_at, le32(super.data() + incompat_at) & ~incompat::recover);
    seal_superblock(super);
}

}  // namespace ordeal::verifier::crash::ext
