#include "verifier/crash/ext/names.hpp"

#include "verifier/crash/ext/bytes.hpp"

#include <algorithm>
#include <set>

namespace ordeal::verifier::crash::ext {

const KnownInode* Names::known(std::uint32_t inode) const {
    return sound_ ? structure_.inode(inode) : nullptr;
}

Named Names::describe(std::string path, const Entry& entry) const {
    Named named{.path = std::move(path), .inode = entry.inode};
    if (const auto* state = known(entry.inode); state != nullptr) {
        named.type = state->report.type;
        named.size = state->report.size;
    }
    return named;
}

std::vector<Named> Names::list(std::uint32_t directory) const {
    std::vector<Named> entries;
    const auto* state = known(directory);
    if (state == nullptr || !state->directory) {
        return entries;
    }
    for (const auto& part : state->directory->parts) {
        if (part.parsed.entries.empty()) {
            continue;
        }
        BlockBuffer room;
        const auto bytes = disk_.block(part.physical, room);
        for (const auto& entry : part.parsed.entries) {
            if (entry.kind == EntryKind::child) {
                const auto* name = bytes.data() + entry.name_offset;
                entries.push_back(
                    describe({reinterpret_cast<const char*>(name), entry.name_length}, entry));
            }
        }
    }
    return entries;
}

std::vector<Named> Names::all(std::size_t most) const {
    std::vector<Named> found;
    if (const auto root = find({}); root) {
        found.push_back(*root);
    }
    std::set<std::uint32_t> seen{root_inode};
    for (std::size_t next = 0; next < found.size() && found.size() < most; ++next) {
        if (found[next].type != FileType::directory) {
            continue;
        }
        const auto prefix = found[next].path.empty() ? "" : found[next].path + "/";
        for (auto& entry : list(found[next].inode)) {
            if (entry.type != FileType::directory || seen.insert(entry.inode).second) {
                entry.path.insert(0, prefix);
                found.push_back(std::move(entry));
            }
        }
    }
    found.resize(std::min(found.size(), most));
    std::ranges::sort(found, {}, &Named::path);
    return found;
}

std::optional<Named> Names::find(std::string_view path) const {
    const auto* root = known(root_inode);
    if (root == nullptr) {
        return {};
    }
    auto found = describe({}, {.inode = root_inode});
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto name = path.substr(at, end - at);
        at = end + 1;
        if (name.empty()) {
            continue;
        }
        const auto entries = list(found.inode);
        const auto entry = std::ranges::find(entries, name, &Named::path);
        if (entry == entries.end()) {
            return {};
        }
        found = *entry;
    }
    found.path = path;
    return found;
}

std::vector<Piece> Names::pieces(std::uint32_t inode,
                                 std::uint64_t offset,
                                 std::uint64_t length) const {
    std::vector<Piece> pieces;
    const auto* state = known(inode);
    if (state == nullptr || state->report.type != FileType::regular ||
        offset >= state->report.size) {
        return pieces;
    }
    const std::uint64_t block_size = disk_.block_size();
    const auto& runs = state->report.map.runs;
    const auto end = offset + std::min(length, state->report.size - offset);
    while (offset < end) {
        const auto block = offset / block_size;
        const auto after = std::ranges::upper_bound(runs, block, {}, &Run::logical);
        const auto* run = after == runs.begin() ? nullptr : &*std::prev(after);
        const bool mapped = run != nullptr && block - run->logical < run->length;
        auto stop = offset / sector_size * sector_size + sector_size;
        if (!mapped) {  // a hole, as long as it is
            stop = after == runs.end() ? end : after->logical * block_size;
        }
        stop = std::min(stop, end);
        Piece piece{.offset = offset, .length = stop - offset};
        if (mapped && run->written) {
            const auto physical = run->physical + (block - run->logical);
            const auto source = disk_.source(physical);
            const auto in_block = offset % block_size;
            piece.sector = source.block * (block_size / sector_size) + in_block / sector_size;
            piece.within = static_cast<std::uint32_t>(offset % sector_size);
            piece.escaped = source.escaped && in_block < sector_size;
        }
        pieces.push_back(piece);
        offset = stop;
    }
    return pieces;
}

const std::vector<Run>* Names::plain_runs(std::uint32_t inode) const {
    const auto* state = known(inode);
    if (state == nullptr) {
        return nullptr;
    }
    for (const auto& run : state->report.map.runs) {
        for (std::uint64_t block = 0; block < run.length; ++block) {
            const auto source = disk_.source(run.physical + block);
            if (source.patched || source.block != run.physical + block) {
                return nullptr;
            }
        }
    }
    return &state->report.map.runs;
}

std::size_t Names::read(std::uint32_t inode,
                        std::uint64_t offset,
                        std::span<std::byte> into) const {
    std::size_t done = 0;
    std::array<std::byte, sector_size> sector{};
    for (const auto& piece : pieces(inode, offset, into.size())) {
        if (piece.sector) {
            std::copy_n(disk_.view().sector(*piece.sector), sector.size(), sector.begin());
            if (piece.escaped) {
                put_be32(sector.data(), journal_magic);
            }
            std::copy_n(sector.begin() + piece.within,
                        piece.length,
                        into.begin() + static_cast<std::ptrdiff_t>(done));
        } else {
            std::fill_n(
                into.begin() + static_cast<std::ptrdiff_t>(done), piece.length, std::byte{0});
        }
        done += piece.length;
    }
    return done;
}

}  // namespace ordeal::verifier::crash::ext
