#pragma once

#include "verifier/crash/ext/directory_block.hpp"
#include "verifier/crash/ext/inode_check.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// What the inodes say of themselves, against what directories and bitmaps say of them. Keeps the
/// number of inodes where they disagree up to date.
class InodeStates {
  public:
    /// No inode in use, none named, none marked.
    void reset(const Geometry& geometry);

    /// What inode `number` now says of itself.
    void describe(std::uint32_t number, const InodeReport& report);

    /// A directory names inodes; forget() takes it back.
    void name(std::uint32_t directory, std::span<const Entry> entries);
    void forget(std::uint32_t directory, std::span<const Entry> entries);

    /// A group's bitmap is now this: one bit an inode, lowest first.
    void mark(std::uint32_t group, std::span<const std::byte> bitmap);

    /// Inodes are in use as they are marked, named as often as they say and as what they are.
    [[nodiscard]] bool agree() const { return wrong_ == 0; }

    [[nodiscard]] std::uint32_t used(std::uint32_t group) const { return used_[group]; }

    [[nodiscard]] std::uint32_t directories(std::uint32_t group) const {
        return directories_[group];
    }

    /// The directory that names this one. Meaningful when they agree.
    [[nodiscard]] std::uint32_t parent(std::uint32_t directory) const {
        return static_cast<std::uint32_t>(states_[directory].parents);
    }

    /// Changes whenever a directory may have moved.
    [[nodiscard]] std::uint64_t moves() const { return moves_; }

    void tell(std::vector<Problem>& problems, std::size_t most) const;

  private:
    struct State {
        std::uint64_t parents = 0;             ///< sum of the directories that name it
        std::uint32_t references = 0;          ///< entries, "." and ".." included
        std::uint32_t children = 0;            ///< entries but "." and ".."
        std::uint32_t dotdot = 0;              ///< sum of what its ".." lead to
        std::array<std::uint32_t, 8> typed{};  ///< references by the type that they tell
        Flaw flaw = Flaw::none;
        std::uint16_t links = 0;
        FileType type = FileType::unknown;
        bool in_use = false;
        bool reserved = false;
        bool indexed = false;
        bool marked = false;
    };

    [[nodiscard]] Flaw wrong(std::uint32_t number) const;
    [[nodiscard]] Flaw wrong_names(std::uint32_t number, const State& state) const;

    template <class Change>
    void change(std::uint32_t number, const Change& apply);

    template <int step>
    void count(std::uint32_t directory, std::span<const Entry> entries);

    Geometry geometry_;
    std::vector<State> states_;  ///< by number
    std::vector<std::vector<std::byte>> bitmaps_;
    std::vector<std::uint32_t> used_;
    std::vector<std::uint32_t> directories_;
    std::uint64_t wrong_ = 0;
    std::uint64_t moves_ = 0;
};

}  // namespace ordeal::verifier::crash::ext
