// Directories: their blocks, their trees, and whether the root reaches them.
#include "verifier/crash/ext/index_tree.hpp"
#include "verifier/crash/ext/structure.hpp"

#include <algorithm>
#include <xxhash.h>

namespace ordeal::verifier::crash::ext {

/// Brings the list of a directory's blocks to what its map says; keeps what did not move.
void Structure::lay_out(std::uint32_t number, KnownInode& known) {
    const auto& report = known.report;
    const bool wanted = report.in_use && !report.reserved && report.type == FileType::directory;
    if (!wanted) {
        if (known.directory) {
            clear(number, *known.directory, 0);
            flawed_directories_ -= known.directory->hole || known.directory->tree_wrong ? 1 : 0;
            known.directory.reset();
            directories_.erase(number);
        }
        return;
    }
    if (!known.directory) {
        known.directory = std::make_unique<Directory>();
        directories_.insert(number);
    }
    auto& directory = *known.directory;
    flawed_directories_ -= directory.hole || directory.tree_wrong ? 1 : 0;
    std::size_t at = 0;
    directory.hole = false;
    for (const auto& run : report.map.runs) {
        directory.hole = directory.hole || run.logical != at;
        for (std::uint64_t block = 0; block < run.length; ++block, ++at) {
            const auto physical = run.physical + block;
            if (at < directory.parts.size() && directory.parts[at].physical == physical) {
                continue;
            }
            if (at < directory.parts.size()) {
                forget(number, directory.parts[at]);
                directory.parts[at].physical = physical;
            } else {
                directory.parts.push_back({.physical = physical});
            }
        }
    }
    clear(number, directory, at);
    directory.parts.resize(at);
    directory.hole = directory.hole || at == 0;
    flawed_directories_ += directory.hole || directory.tree_wrong ? 1 : 0;
}

void Structure::clear(std::uint32_t number, Directory& directory, std::size_t from) {
    for (auto at = from; at < directory.parts.size(); ++at) {
        forget(number, directory.parts[at]);
    }
}

void Structure::forget(std::uint32_t number, DirectoryPart& part) {
    states_.forget(number, part.parsed.entries);
    flawed_parts_ -= part.parsed.flaw != Flaw::none ? 1 : 0;
    names_ -= part.parsed.names;
    content_ -= part.content;
    part = {.physical = part.physical};
}

void Structure::update_directory(RecoveredDisk& disk, std::uint32_t number) {
    const auto& report = known_[number]->report;
    auto& directory = *known_[number]->directory;
    bool changed = false;
    for (std::size_t at = 0; at < directory.parts.size(); ++at) {
        auto& part = directory.parts[at];
        const auto stamp = disk.stamp(part.physical);
        if (stamp == part.stamp) {
            continue;
        }
        BlockBuffer room;
        const auto bytes = disk.block(part.physical, room);
        if (at == 0 && report.indexed) {
            const auto hashing = index_hashing(geometry_, bytes).value_or(NameHashing{});
            if (hashing != directory.hashing) {
                directory.hashing = hashing;
                clear(number, directory, 1);
            }
        }
        forget(number, part);
        part.stamp = stamp;
        part.content = placed(XXH3_64bits(bytes.data(), bytes.size()), part.physical);
        part.parsed = parse_directory_block({.geometry = geometry_,
                                             .inode = number,
                                             .seed = report.checksum_seed,
                                             .logical = at,
                                             .blocks = directory.parts.size(),
                                             .indexed = report.indexed,
                                             .hashing = directory.hashing},
                                            bytes);
        states_.name(number, part.parsed.entries);
        flawed_parts_ += part.parsed.flaw != Flaw::none ? 1 : 0;
        names_ += part.parsed.names;
        content_ += part.content;
        changed = true;
    }
    if (changed) {
        flawed_directories_ -= directory.hole || directory.tree_wrong ? 1 : 0;
        judge_tree(directory, report.indexed);
        flawed_directories_ += directory.hole || directory.tree_wrong ? 1 : 0;
    }
}

void Structure::judge_tree(Directory& directory, bool indexed) {
    directory.tree_wrong = false;
    if (!indexed) {
        return;
    }
    std::vector<const DirectoryBlock*> blocks;
    blocks.reserve(directory.parts.size());
    for (const auto& part : directory.parts) {
        blocks.push_back(&part.parsed);
    }
    directory.tree_wrong = !index_tree_holds(blocks);
}

/// Every directory leads up to the root. Precondition: each has one parent.
bool Structure::all_reached() {
    if (reached_at_ == states_.moves()) {
        return reached_;
    }
    reached_at_ = states_.moves();
    reached_ = true;
    std::set<std::uint32_t> reached{root_inode};
    std::vector<std::uint32_t> path;
    for (const auto start : directories_) {
        path.clear();
        auto number = start;
        while (!reached.contains(number) && path.size() <= directories_.size()) {
            path.push_back(number);
            number = states_.parent(number);
        }
        if (path.size() > directories_.size()) {
            reached_ = false;
            break;
        }
        reached.insert(path.begin(), path.end());
    }
    return reached_;
}

}  // namespace ordeal::verifier::crash::ext
