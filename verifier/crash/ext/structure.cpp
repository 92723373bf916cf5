#include "verifier/crash/ext/structure.hpp"

#include <algorithm>
#include <utility>

namespace ordeal::verifier::crash::ext {
namespace {

/// The blocks that an inode has for itself. Those under the resize inode's first indirect block are
/// the tables' reserve, which the tables claim.
std::vector<Run> own_blocks(std::uint32_t number, const BlockMap& map) {
    if (number == resize_inode_number) {
        return map.map_blocks.empty()
                   ? std::vector<Run>{}
                   : std::vector<Run>{{.physical = map.map_blocks[0].number, .length = 1}};
    }
    auto own = map.runs;
    for (const auto& block : map.map_blocks) {
        own.push_back({.physical = block.number, .length = 1});
    }
    return own;
}

/// A directory's blocks mean something else now, although their content may be the same.
bool other_context(const InodeReport& before, const InodeReport& now) {
    return before.checksum_seed != now.checksum_seed || before.indexed != now.indexed ||
           (now.indexed && before.map.end() != now.map.end());
}

bool same_tables(const std::vector<Group>& one, const std::vector<Group>& other) {
    return std::ranges::equal(one, other, [](const Group& a, const Group& b) {
        return a.tables == b.tables && a.flags == b.flags;
    });
}

}  // namespace

void Structure::update(RecoveredDisk& disk, const Superblock& superblock) {
    const auto& geometry = superblock.geometry;
    auto groups = read_groups(disk, geometry);
    const auto flawed =
        std::ranges::find_if(groups, [](const Group& g) { return g.flaw != Flaw::none; });
    group_flaw_ = flawed == groups.end() ? Flaw::none : flawed->flaw;
    if (group_flaw_ != Flaw::none) {
        flawed_group_ = static_cast<std::uint32_t>(flawed - groups.begin());
        verdict_ = Verdict::broken;
        return;
    }
    if (geometry != geometry_ || !same_tables(groups, groups_)) {
        reset(geometry, std::move(groups));
    } else {
        groups_ = std::move(groups);
    }
    update_bitmaps(disk);
    update_tables(disk);
    update_inodes(disk);
    update_claims();
    for (const auto number : directories_) {
        update_directory(disk, number);
    }
    judge();
}

const KnownInode* Structure::inode(std::uint32_t number) const {
    const auto* known = number < known_.size() ? known_[number].get() : nullptr;
    return known != nullptr && known->report.in_use ? known : nullptr;
}

void Structure::reset(const Geometry& geometry, std::vector<Group> groups) {
    geometry_ = geometry;
    groups_ = std::move(groups);
    claims_.reset(geometry);
    states_.reset(geometry);
    tables_.assign(geometry.groups, Table{});
    for (auto& table : tables_) {
        table.blocks.assign(geometry.table_blocks, 0);
    }
    block_bitmaps_.assign(geometry.groups, Bitmap{});
    inode_bitmaps_.assign(geometry.groups, Bitmap{});
    inode_content_.assign(std::size_t{geometry.inodes} + 1, 0);
    known_.clear();
    known_.resize(std::size_t{geometry.inodes} + 1);
    changed_.clear();
    readers_.clear();
    directories_.clear();
    unclaimed_.clear();
    attributes_.clear();
    total_blocks_ = large_files_ = beyond_us_ = wrong_attributes_ = flawed_parts_ = 0;
    flawed_directories_ = content_ = names_ = 0;
    reached_at_ = ~std::uint64_t{0};
    claim_tables();
}

void Structure::claim_tables() {
    for (std::uint32_t group = 0; group < geometry_.groups; ++group) {
        const auto& tables = groups_[group].tables;
        claims_.claim(tables.block_bitmap, 1);
        claims_.claim(tables.inode_bitmap, 1);
        claims_.claim(tables.inode_table, geometry_.table_blocks);
        if (geometry_.has_superblock(group)) {
            const auto first = geometry_.first_block_of(group);
            const auto wanted =
                1U + geometry_.descriptor_blocks + geometry_.reserved_descriptor_blocks;
            claims_.claim(first, std::min<std::uint64_t>(wanted, geometry_.blocks - first));
        }
    }
}

bool Structure::read_again(RecoveredDisk& disk, const InodeReport& report) const {
    return std::ranges::any_of(
        report.reads, [&](const MapBlock& read) { return disk.stamp(read.number) != read.stamp; });
}

void Structure::update_inodes(RecoveredDisk& disk) {
    std::ranges::sort(changed_);
    std::vector<std::uint32_t> readers(readers_.begin(), readers_.end());
    auto change = changed_.begin();
    auto reader = readers.begin();
    while (change != changed_.end() || reader != readers.end()) {
        const bool changed =
            change != changed_.end() && (reader == readers.end() || *change <= *reader);
        const auto number = changed ? *change : *reader;
        update_inode(disk, number, changed);
        if (changed) {
            ++change;
        }
        if (reader != readers.end() && *reader == number) {
            ++reader;
        }
    }
    changed_.clear();
}

void Structure::update_inode(RecoveredDisk& disk, std::uint32_t number, bool changed) {
    if (!changed && !read_again(disk, known_[number]->report)) {
        return;
    }
    const bool present = inode_content_[number] != 0;
    InodeReport report;
    if (present) {
        BlockBuffer room;  // NOLINT(cppcoreguidelines-pro-type-member-init): read into at once
        const auto place = place_of(number);
        const auto bytes = std::span(room).first(geometry_.inode_size);
        disk.read(place.block, static_cast<std::uint32_t>(place.offset), bytes);
        report = report_inode(disk, geometry_, number, bytes);
        const InodeFields fields(geometry_, bytes);
        if (report.in_use) {
            if (!known_[number]) {
                known_[number] = std::make_unique<KnownInode>();
            }
            auto& facts = known_[number]->facts;
            names_ -= facts;
            const auto kind = (std::uint64_t{fields.mode()} << 48U) ^
                              (std::uint64_t{fields.links()} << 32U) ^ fields.size();
            facts = placed(kind, number);
            names_ += facts;
        }
    }
    replace(disk, number, std::move(report), present);
}

void Structure::replace(RecoveredDisk& disk,
                        std::uint32_t number,
                        InodeReport report,
                        bool present) {
    states_.describe(number, present ? report : InodeReport{});
    auto& known = known_[number];
    if (known) {
        const auto& before = known->report;
        total_blocks_ -= before.map.blocks;
        large_files_ -= before.large ? 1 : 0;
        beyond_us_ -= before.flaw == Flaw::beyond_us ? 1 : 0;
        if (before.attributes != 0) {
            drop_attributes(before.attributes);
        }
    }
    readers_.erase(number);
    if (!report.in_use) {
        if (known) {
            names_ -= known->facts;
            known->facts = 0;
            known->report = {};
            lay_out(number, *known);
            unclaimed_.insert(number);
        }
        return;
    }
    total_blocks_ += report.map.blocks;
    large_files_ += report.large ? 1 : 0;
    beyond_us_ += report.flaw == Flaw::beyond_us ? 1 : 0;
    if (report.attributes != 0) {
        const auto read = std::ranges::find(report.reads, report.attributes, &MapBlock::number);
        use_attributes(disk, report.attributes, read->stamp);
    }
    if (!report.reads.empty()) {
        readers_.insert(number);
    }
    if (known->directory && other_context(known->report, report)) {
        clear(number, *known->directory, 0);
    }
    known->report = std::move(report);
    if (number == resize_inode_number) {
        resize_holds_ = resize_inode_holds();
    }
    lay_out(number, *known);
    unclaimed_.insert(number);
}

void Structure::update_claims() {
    if (total_blocks_ > geometry_.blocks) {
        return;  // some block must be claimed twice; and so much claiming might never end
    }
    for (const auto number : unclaimed_) {
        auto& known = *known_[number];
        auto own = own_blocks(number, known.report.map);
        auto& had = known.claimed;
        // Most files only grow at their end.
        std::size_t same = 0;
        while (same < own.size() && same < had.size() && own[same] == had[same]) {
            ++same;
        }
        std::uint64_t kept = 0;  // of the first run that differs
        if (same < own.size() && same < had.size() && own[same].physical == had[same].physical) {
            kept = std::min(own[same].length, had[same].length);
        }
        for (std::size_t run = same; run < had.size(); ++run) {
            const auto skip = run == same ? kept : 0;
            claims_.release(had[run].physical + skip, had[run].length - skip);
        }
        for (std::size_t run = same; run < own.size(); ++run) {
            const auto skip = run == same ? kept : 0;
            claims_.claim(own[run].physical + skip, own[run].length - skip);
        }
        had = std::move(own);
        if (!known.report.in_use) {
            known_[number].reset();
        }
    }
    unclaimed_.clear();
}

}  // namespace ordeal::verifier::crash::ext
