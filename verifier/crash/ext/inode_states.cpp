#include "verifier/crash/ext/inode_states.hpp"

namespace ordeal::verifier::crash::ext {
namespace {

/// More links than this a directory does not count: it says 1 then.
constexpr std::uint32_t most_links = 65000;

}  // namespace

void InodeStates::reset(const Geometry& geometry) {
    geometry_ = geometry;
    states_.assign(std::size_t{geometry.inodes} + 1, State{});
    bitmaps_.assign(geometry.groups, std::vector<std::byte>(geometry.inodes_per_group / 8));
    used_.assign(geometry.groups, 0);
    directories_.assign(geometry.groups, 0);
    wrong_ = 0;
    ++moves_;
}

Flaw InodeStates::wrong(std::uint32_t number) const {
    const auto& state = states_[number];
    if (state.flaw != Flaw::none && state.flaw != Flaw::beyond_us) {
        return state.flaw;
    }
    if (state.marked != state.in_use) {
        return Flaw::inode_bitmap;
    }
    if (!state.in_use) {
        return state.references != 0 ? Flaw::directory_inode : Flaw::none;
    }
    return state.reserved ? Flaw::none : wrong_names(number, state);
}

Flaw InodeStates::wrong_names(std::uint32_t number, const State& state) const {
    const auto type = static_cast<std::size_t>(state.type);
    const auto told_right = state.typed[0] + (type != 0 ? state.typed[type] : 0);
    if (told_right != state.references) {
        return Flaw::directory_type;
    }
    const bool directory = state.type == FileType::directory;
    if (state.references != state.links) {
        const bool overflowed = directory && state.links == 1 &&
                                ((state.references > most_links &&
                                  geometry_.has(geometry_.ro_compat, ro_compat::dir_nlink)) ||
                                 (state.indexed && state.references > 1));
        if (!overflowed) {
            return Flaw::inode_links;
        }
    }
    if (directory) {
        const bool root = number == root_inode;
        const auto parent = root ? std::uint64_t{root_inode} : state.parents;
        if (state.children != (root ? 0U : 1U) || state.dotdot != parent) {
            return Flaw::directory_parent;
        }
    }
    return Flaw::none;
}

template <class Change>
void InodeStates::change(std::uint32_t number, const Change& apply) {
    wrong_ -= wrong(number) != Flaw::none ? 1U : 0U;
    apply(states_[number]);
    wrong_ += wrong(number) != Flaw::none ? 1U : 0U;
}

void InodeStates::describe(std::uint32_t number, const InodeReport& report) {
    const auto group = geometry_.group_of_inode(number);
    change(number, [&](State& state) {
        const auto count = [&](std::uint32_t step) {
            used_[group] += state.in_use ? step : 0;
            directories_[group] +=
                state.in_use && !state.reserved && state.type == FileType::directory ? step : 0;
        };
        count(~0U);  // less one
        state.flaw = report.flaw;
        state.links = report.links;
        state.type = report.type;
        state.in_use = report.in_use;
        state.reserved = report.reserved;
        state.indexed = report.indexed;
        count(1);
    });
}

template <int step>
void InodeStates::count(std::uint32_t directory, std::span<const Entry> entries) {
    constexpr auto one = static_cast<std::uint32_t>(step);
    for (const auto& entry : entries) {
        if (entry.kind == EntryKind::parent) {
            change(directory, [&](State& state) { state.dotdot += one * entry.inode; });
            ++moves_;
        }
        change(entry.inode, [&](State& state) {
            state.references += one;
            state.typed[entry.type % state.typed.size()] += one;
            if (entry.kind == EntryKind::child) {
                state.children += one;
                state.parents += static_cast<std::uint64_t>(step) * directory;
                moves_ += state.type == FileType::directory || entry.type == 2 ? 1 : 0;
            }
        });
    }
}

void InodeStates::name(std::uint32_t directory, std::span<const Entry> entries) {
    count<1>(directory, entries);
}

void InodeStates::forget(std::uint32_t directory, std::span<const Entry> entries) {
    count<-1>(directory, entries);
}

void InodeStates::mark(std::uint32_t group, std::span<const std::byte> bitmap) {
    auto& known = bitmaps_[group];
    const auto start = group * geometry_.inodes_per_group + 1;
    for (std::uint32_t byte = 0; byte < known.size(); ++byte) {
        if (known[byte] == bitmap[byte]) {
            continue;
        }
        known[byte] = bitmap[byte];
        for (std::uint32_t bit = 0; bit < 8; ++bit) {
            change(start + byte * 8 + bit, [&](State& state) {
                state.marked = ((std::to_integer<unsigned>(bitmap[byte]) >> bit) & 1U) != 0;
            });
        }
    }
}

void InodeStates::tell(std::vector<Problem>& problems, std::size_t most) const {
    for (std::uint32_t number = 1; number < states_.size() && problems.size() < most; ++number) {
        if (const auto flaw = wrong(number); flaw != Flaw::none) {
            problems.push_back({.flaw = flaw, .inode = number});
        }
    }
}

}  // namespace ordeal::verifier::crash::ext
