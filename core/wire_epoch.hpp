#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The epoch block: one sector at the end of a disk, behind the filesystem, in which each running
/// instance of a virtual machine says again and again that it is there. Two instances that run at
/// once overwrite each other's words and see it: the block tells of it when all are dead.
///
/// An instance is a boot of the guest. It takes the block over once, which is right when the one
/// before it is dead, and from then on nobody else may have written: whoever finds another's words
/// there has met an intruder. Idea: the delta leases of sanlock(8).
namespace ordeal::epoch {

/// The block is the first sector of the last `reserved` bytes, which belong to no filesystem.
inline constexpr std::uint64_t reserved = std::uint64_t{64} << 10U;
inline constexpr std::size_t sector_size = 512;
using Sector = std::array<char, sector_size>;

struct Block {
    std::uint64_t epoch = 0;       ///< instances that took it over so far
    std::uint64_t owner = 0;       ///< of the instance that wrote it; drawn by each for itself
    std::uint64_t count = 0;       ///< writes of the owner
    std::uint64_t intrusions = 0;  ///< how often an instance has met another's words, all in all
};

[[nodiscard]] Sector to_sector(const Block& block);

/// Nothing when it holds no block, or a damaged one.
[[nodiscard]] std::optional<Block> parse(std::string_view sector);

/// What an instance has to do with the block. Not thread-safe.
class Keeper {
  public:
    explicit Keeper(std::uint64_t owner) : owner_(owner) {}

    /// What to write now, given what is there.
    [[nodiscard]] Block next(const std::optional<Block>& found) const;

    /// What next() said is there now: the block is this instance's.
    void written() { took_over_ = true; }

  private:
    std::uint64_t owner_;
    bool took_over_ = false;
};

}  // namespace ordeal::epoch
