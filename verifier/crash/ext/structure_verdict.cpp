// Whether all that was derived agrees.
#include "verifier/crash/ext/structure.hpp"

#include <algorithm>

namespace ordeal::verifier::crash::ext {

Flaw Structure::group_flaw(std::uint32_t group) const {
    const auto& described = groups_[group];
    const auto blocks = geometry_.end_block_of(group) - geometry_.first_block_of(group);
    if (described.free_blocks != blocks - claims_.used(group)) {
        return Flaw::group_free_blocks;
    }
    if (described.free_inodes != geometry_.inodes_per_group - states_.used(group)) {
        return Flaw::group_free_inodes;
    }
    if (described.directories != states_.directories(group)) {
        return Flaw::group_directories;
    }
    const auto& block_bitmap = block_bitmaps_[group];
    const auto& inode_bitmap = inode_bitmaps_[group];
    if (!block_bitmap.padded || !inode_bitmap.padded) {
        return Flaw::bitmap_padding;
    }
    const auto sum_wrong = [&](const Bitmap& bitmap, std::uint16_t lazy, std::uint32_t sum) {
        return geometry_.metadata_checksums() && !described.has(lazy) && bitmap.checksum != sum;
    };
    if (sum_wrong(
            block_bitmap, group_flag::blocks_uninitialised, described.block_bitmap_checksum) ||
        sum_wrong(
            inode_bitmap, group_flag::inodes_uninitialised, described.inode_bitmap_checksum)) {
        return Flaw::bitmap_checksum;
    }
    return Flaw::none;
}

void Structure::judge() {
    summary_ = Flaw::none;
    summary_group_ = 0;
    if (total_blocks_ > geometry_.blocks) {
        summary_ = Flaw::block_shared;
    } else if (large_files_ > 0 && !geometry_.has(geometry_.ro_compat, ro_compat::large_file)) {
        summary_ = Flaw::superblock;
    } else if (geometry_.has(geometry_.compat, compat::resize_inode) && !resize_holds_) {
        summary_ = Flaw::resize_inode;
    }
    for (std::uint32_t group = 0; group < geometry_.groups && summary_ == Flaw::none; ++group) {
        summary_ = group_flaw(group);
        summary_group_ = group;
    }
    const bool agree = summary_ == Flaw::none && claims_.agree() && states_.agree() &&
                       wrong_attributes_ == 0 && flawed_parts_ == 0 && flawed_directories_ == 0;
    if (agree && beyond_us_ == 0 && !all_reached()) {
        summary_ = Flaw::directory_unreached;
    }
    if (!agree || summary_ != Flaw::none) {
        verdict_ = Verdict::broken;
    } else {
        verdict_ = beyond_us_ != 0 ? Verdict::beyond_us : Verdict::sound;
    }
}

/// The resize inode keeps the blocks behind the descriptors for more of them: its first indirect
/// block lists them, and each lists its copies in the groups that have a superblock.
bool Structure::resize_inode_holds() const {
    const auto* known = inode(resize_inode_number);
    const auto& map = known->report.map;
    if (known->report.links == 0 || known->report.type != FileType::regular ||
        map.map_blocks.empty()) {
        return false;
    }
    const std::uint64_t pointers = geometry_.block_size / 4;
    const auto physical = [&](std::uint64_t logical) -> std::uint64_t {
        const auto after = std::ranges::upper_bound(map.runs, logical, {}, &Run::logical);
        if (after == map.runs.begin()) {
            return 0;
        }
        const auto& run = *std::prev(after);
        return logical - run.logical < run.length ? run.physical + (logical - run.logical) : 0;
    };
    if (map.runs.empty() || map.runs.front().logical < 12 + pointers ||
        map.runs.back().logical >= 12 + pointers + pointers * pointers) {
        // Nothing but the double indirect block may be used; without copies it maps no block.
        return map.runs.empty();
    }
    for (std::uint32_t kept = 0; kept < geometry_.reserved_descriptor_blocks / 4; ++kept) {
        const auto slot = (geometry_.descriptor_blocks + kept) % pointers;
        const std::uint64_t block =
            std::uint64_t{geometry_.first_block} + 1 + geometry_.descriptor_blocks + kept;
        std::uint64_t logical = 12 + pointers + slot * pointers;
        for (std::uint32_t group = 1; group < geometry_.groups; ++group) {
            if (!geometry_.has_superblock(group)) {
                continue;
            }
            if (physical(logical++) != block + std::uint64_t{group} * geometry_.blocks_per_group) {
                return false;
            }
        }
    }
    return true;
}

std::vector<Problem> Structure::problems(std::size_t most) const {
    std::vector<Problem> problems;
    if (group_flaw_ != Flaw::none) {
        problems.push_back({.flaw = group_flaw_, .block = flawed_group_});
        return problems;
    }
    if (summary_ != Flaw::none) {
        problems.push_back({.flaw = summary_, .block = summary_group_});
    }
    for (const auto number : directories_) {
        const auto& directory = *known_[number]->directory;
        if (directory.hole || directory.tree_wrong) {
            const auto flaw = directory.hole ? Flaw::directory_hole : Flaw::directory_index;
            problems.push_back({.flaw = flaw, .inode = number});
        }
        for (const auto& part : directory.parts) {
            if (part.parsed.flaw != Flaw::none && problems.size() < most) {
                problems.push_back(
                    {.flaw = part.parsed.flaw, .inode = number, .block = part.physical});
            }
        }
    }
    for (const auto& [block, attributes] : attributes_) {
        if (attributes_wrong(attributes)) {
            const auto flaw = attributes.parsed.flaw == Flaw::attribute
                                  ? Flaw::attribute
                                  : Flaw::attribute_references;
            problems.push_back({.flaw = flaw, .block = block});
        }
    }
    states_.tell(problems, most);
    claims_.tell(problems, most);
    problems.resize(std::min(problems.size(), most));
    return problems;
}

}  // namespace ordeal::verifier::crash::ext
