#include "verifier/crash/ext/inode_check.hpp"

#include "verifier/crash/ext/attributes.hpp"

#include <algorithm>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::uint32_t bad_blocks_inode = 1;
constexpr std::uint32_t user_quota_inode = 3;
constexpr std::uint32_t group_quota_inode = 4;
constexpr std::uint32_t boot_loader_inode = 5;
constexpr std::uint64_t large_file = 0x80000000U;

class InodeJudge {
  public:
    InodeJudge(RecoveredDisk& disk,
               const Geometry& geometry,
               std::uint32_t number,
               const InodeFields& inode,
               InodeReport& report)
        : disk_(disk), geometry_(geometry), number_(number), inode_(inode), report_(report) {}

    void judge() {
        report_.type = inode_.type();
        report_.links = inode_.links();
        report_.size = inode_.size();
        report_.checksum_seed = inode_.checksum_seed(number_);
        report_.reserved = number_ < geometry_.first_inode && number_ != root_inode;
        report_.in_use = report_.reserved || inode_.links() != 0;
        if (!inode_.checksum_holds(number_)) {
            note(Flaw::inode_checksum);
        }
        const auto time = inode_.deletion_time();
        if (time != 0 && geometry_.low_dtime_is_suspect && time < geometry_.inodes) {
            note(Flaw::inode_dtime);
        }
        if (report_.reserved) {
            judge_reserved();
        } else if (inode_.links() == 0) {
            if (time == 0 && inode_.mode() != 0 && number_ != root_inode) {
                note(Flaw::inode_dtime);
            }
        } else {
            judge_file();
        }
    }

  private:
    void note(Flaw flaw, std::uint64_t block = 0) {
        if (report_.flaw == Flaw::none) {
            report_.flaw = flaw;
            report_.flaw_block = block;
        }
    }

    [[nodiscard]] bool map_is_empty() const {
        return std::ranges::all_of(inode_.map(), [](std::byte b) { return b == std::byte{0}; });
    }

    void judge_reserved() {
        const bool journal = geometry_.has(geometry_.compat, compat::has_journal);
        const bool empty = inode_.links() == 0 && inode_.blocks() == 0 && inode_.pointer(0) == 0;
        switch (number_) {
            case bad_blocks_inode:
                if (inode_.mode() != 0 || inode_.owner() != 0 || inode_.owner_group() != 0 ||
                    inode_.links() != 0 || inode_.attributes() != 0) {
                    note(Flaw::inode_mode);
                }
                if (!map_is_empty()) {
                    note(Flaw::beyond_us);  // a list of bad blocks
                }
                return;
            case user_quota_inode:
            case group_quota_inode:
                if (!empty) {
                    note(Flaw::inode_mode);
                }
                return;
            case boot_loader_inode:
                if (inode_.is(FileType::directory)) {
                    note(Flaw::inode_mode);
                }
                break;
            case resize_inode_number:
                if (inode_.mode() != 0 && !inode_.is(FileType::regular)) {
                    note(Flaw::inode_mode);
                }
                break;
            case journal_inode:
                if (journal ? !inode_.is(FileType::regular) : !empty) {
                    note(Flaw::inode_mode);
                }
                break;
            default:
                if (inode_.mode() != 0) {
                    note(Flaw::inode_mode);
                }
        }
        judge_blocks();
    }

    void judge_file() {
        judge_flags();
        if (number_ == root_inode && !inode_.is(FileType::directory)) {
            note(Flaw::inode_mode);
        }
        if (inode_.deletion_time() != 0) {
            note(Flaw::inode_dtime);
        }
        const bool wide = geometry_.has(geometry_.incompat, incompat::bit64);
        const bool huge = geometry_.has(geometry_.ro_compat, ro_compat::huge_file);
        if (inode_.fragment() != 0 || (!wide && inode_.attributes_high() != 0) ||
            (!huge && inode_.blocks_high() != 0) ||
            (inode_.is(FileType::directory) && inode_.size_high() != 0)) {
            note(Flaw::inode_fields);
        }
        if (const auto flaw = check_extra_space(inode_); flaw != Flaw::none) {
            note(flaw);
        }
        judge_type();
        judge_blocks();
        if (inode_.is(FileType::symlink)) {
            judge_symlink();
        }
    }

    void judge_flags() {
        constexpr auto features = inode_flag::verity | inode_flag::ea_inode;
        constexpr auto wrong = inode_flag::casefold | inode_flag::inline_data | inode_flag::imagic |
                               inode_flag::encrypted;
        const bool extents = geometry_.has(geometry_.incompat, incompat::extents);
        if (inode_.has(wrong) || (inode_.has(inode_flag::extents) && !extents)) {
            note(Flaw::inode_flags);
        }
        if (inode_.has(features)) {
            note(Flaw::beyond_us);
        }
        const bool file = inode_.is(FileType::regular) || inode_.is(FileType::directory);
        if (extents && file && !inode_.has(inode_flag::extents) &&
            extent_header_sane(inode_.map())) {
            note(Flaw::inode_flags);
        }
        if (inode_.has(inode_flag::index) &&
            (!inode_.is(FileType::directory) ||
             !geometry_.has(geometry_.compat, compat::dir_index))) {
            note(Flaw::inode_flags);
        }
    }

    void judge_type() {
        const bool fixed = inode_.has(inode_flag::immutable | inode_flag::append);
        switch (inode_.type()) {
            case FileType::unknown:
                note(Flaw::inode_mode);
                break;
            case FileType::regular:
            case FileType::directory:
                break;
            case FileType::symlink:
                if (fixed || (inode_.has(inode_flag::extents) && !inode_.maps_blocks())) {
                    note(Flaw::inode_flags);
                }
                break;
            default:
                judge_special(fixed);
        }
    }

    /// Devices, fifos and sockets.
    void judge_special(bool fixed) {
        if (fixed || inode_.has(inode_flag::extents)) {
            note(Flaw::inode_flags);
        }
        if (inode_.size() != 0) {
            note(Flaw::special_size);
        }
        const bool device =
            inode_.is(FileType::character_device) || inode_.is(FileType::block_device);
        bool beyond_numbers = false;
        for (std::size_t index = 4; index < map_pointers; ++index) {
            beyond_numbers = beyond_numbers || inode_.pointer(index) != 0;
        }
        if (inode_.pointer(0) != 0 && (!device || inode_.links() != 1 || beyond_numbers)) {
            note(Flaw::beyond_us);  // a directory whose type was lost would look like this
        }
    }

    void judge_blocks() {
        std::uint64_t blocks = 0;
        if (inode_.maps_blocks()) {
            report_.map = read_block_map(disk_, geometry_, number_, inode_);
            report_.reads = report_.map.map_blocks;
            blocks = report_.map.blocks;
            if (report_.map.flaw != Flaw::none) {
                note(report_.map.flaw, report_.map.flaw_block);
            }
        }
        if (const auto number = inode_.attributes(); number != 0) {
            if (!geometry_.has(geometry_.compat, compat::ext_attr) || !geometry_.is_block(number)) {
                note(Flaw::block_number, number);
            } else {
                report_.attributes = number;
                report_.reads.push_back({number, disk_.stamp(number)});
                ++blocks;
            }
        }
        judge_counts(blocks);
    }

    void judge_counts(std::uint64_t blocks) {
        const bool huge = geometry_.has(geometry_.ro_compat, ro_compat::huge_file) &&
                          inode_.has(inode_flag::huge_file);
        const auto counted = huge ? blocks : blocks * geometry_.sectors_per_block();
        if (counted != inode_.blocks() || (huge && inode_.blocks_high() != 0)) {
            note(Flaw::inode_blocks);
        }
        const bool directory = inode_.is(FileType::directory);
        report_.indexed = directory && inode_.has(inode_flag::index);
        if (directory && blocks == 0) {
            note(Flaw::inode_size);
        }
        if (!inode_.is(FileType::symlink) && !size_fits()) {
            note(Flaw::inode_size);
        }
        report_.large = inode_.is(FileType::regular) && inode_.size() >= large_file;
    }

    [[nodiscard]] bool size_fits() const {
        const auto size = inode_.size();
        const std::uint64_t block = geometry_.block_size;
        const auto end = report_.map.end();
        if (inode_.is(FileType::directory)) {
            const auto blocks = size / block;
            return size % block == 0 && blocks <= end &&
                   end - blocks <= geometry_.prealloc_dir_blocks;
        }
        const bool extents =
            geometry_.has(geometry_.incompat, incompat::extents) && inode_.has(inode_flag::extents);
        for (auto run = report_.map.runs.rbegin(); run != report_.map.runs.rend(); ++run) {
            if (run->written) {
                if (size < (run->logical + run->length - 1) * block) {
                    return false;
                }
                break;
            }
        }
        const auto per_block = block / 4;
        const auto most_pointers =
            12 + per_block + per_block * per_block + per_block * per_block * per_block;
        return extents ? size <= (std::uint64_t{1} << 32U) * block - 1
                       : size <= most_pointers * block;
    }

    void judge_symlink() {
        const auto size = inode_.size();
        if (size == 0 || inode_.size_high() != 0 || inode_.has(inode_flag::index)) {
            note(Flaw::symlink);
        } else if (inode_.is_fast_symlink()) {
            judge_target(inode_.map());
        } else if (report_.map.runs.size() != 1 || report_.map.runs[0].logical != 0 ||
                   report_.map.runs[0].length != 1 || !report_.map.map_blocks.empty()) {
            note(Flaw::symlink);
        } else if (report_.map.flaw == Flaw::none) {
            const auto block = report_.map.runs[0].physical;
            report_.reads.push_back({block, disk_.stamp(block)});
            BlockBuffer room;
            judge_target(disk_.block(block, room));
        }
    }

    void judge_target(std::span<const std::byte> target) {
        const auto end = std::ranges::find(target, std::byte{0});
        const auto length = static_cast<std::uint64_t>(end - target.begin());
        if (end == target.end() || length != inode_.size()) {
            note(Flaw::symlink);
        }
    }

    RecoveredDisk& disk_;
    const Geometry& geometry_;
    std::uint32_t number_;
    const InodeFields& inode_;
    InodeReport& report_;
};

}  // namespace

InodeReport report_inode(RecoveredDisk& disk,
                         const Geometry& geometry,
                         std::uint32_t number,
                         std::span<const std::byte> bytes) {
    InodeReport report;
    const InodeFields inode(geometry, bytes);
    InodeJudge(disk, geometry, number, inode, report).judge();
    return report;
}

}  // namespace ordeal::verifier::crash::ext
