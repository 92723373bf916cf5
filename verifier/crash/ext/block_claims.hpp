#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/superblock.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// Who uses which block, against what the bitmaps say. Keeps the number of blocks where the two
/// disagree up to date, so that a change costs what it touches.
class BlockClaims {
  public:
    /// Nothing claimed, nothing marked.
    void reset(const Geometry& geometry);

    /// Somebody uses `count` blocks from `first`; release() takes it back. All inside.
    void claim(std::uint64_t first, std::uint64_t count);
    void release(std::uint64_t first, std::uint64_t count);

    /// A group's bitmap is now this: one bit a block, lowest first.
    void mark(std::uint32_t group, std::span<const std::byte> bitmap);

    /// No block is claimed twice, and the bitmaps mark those claimed and no others.
    [[nodiscard]] bool agree() const { return wrong_ == 0; }

    /// Blocks of a group that somebody uses.
    [[nodiscard]] std::uint64_t used(std::uint32_t group) const { return used_[group]; }

    /// The first few disagreements.
    void tell(std::vector<Problem>& problems, std::size_t most) const;

  private:
    [[nodiscard]] bool is_wrong(std::size_t index) const {
        return claims_[index] != (marked_[index] != 0 ? 1U : 0U);
    }

    template <class Change>
    void change(std::uint64_t first, std::uint64_t count, const Change& apply);

    std::uint64_t first_block_ = 0;
    std::uint64_t per_group_ = 1;
    std::vector<std::uint32_t> claims_;            ///< for each block from first_block_
    std::vector<std::uint8_t> marked_;             ///< the same
    std::vector<std::vector<std::byte>> bitmaps_;  ///< for each group, as marked last
    std::vector<std::uint64_t> used_;              ///< for each group
    std::uint64_t wrong_ = 0;
};

}  // namespace ordeal::verifier::crash::ext
