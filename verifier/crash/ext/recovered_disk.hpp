#pragma once

#include "verifier/crash/image_view.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// Room for the largest block that we read.
using BlockBuffer = std::array<std::byte, 4096>;

/// Begins every block of the journal that is not a copy.
inline constexpr std::uint32_t journal_magic = 0xc03b3998U;

/// The disk as recovery leaves it, without having written it: a block that the journal replays is
/// read from its copy in the journal, a block that recovery changes is kept here. So a sector in
/// flight is decided only when somebody needs what it holds, and nothing is copied that nobody
/// reads. Not thread-safe.
class RecoveredDisk {
  public:
    /// Starts a run: nothing is recovered yet. `view` outlives the run. `block_size` is 1024, 2048
    /// or 4096.
    void begin(ImageView& view, std::uint32_t block_size);

    [[nodiscard]] ImageView& view() { return *view_; }

    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }

    [[nodiscard]] std::uint32_t block_size() const { return block_size_; }

    /// From now on `block` holds what `source`, a block of the disk itself, holds. `escaped`: its
    /// first four bytes are the journal's magic number instead. Both < blocks().
    void redirect(std::uint64_t block, std::uint64_t source, bool escaped);

    /// A block to change. Precondition: number < blocks(). Valid until the next begin().
    [[nodiscard]] std::span<std::byte> patch(std::uint64_t number);

    /// The bytes of a block, in place or in `buffer`; valid as long as both. Precondition:
    /// number < blocks().
    [[nodiscard]] std::span<const std::byte> block(std::uint64_t number, BlockBuffer& buffer);

    /// A part of a block, deciding no sector outside of it. Precondition: inside the block.
    void read(std::uint64_t number, std::uint32_t offset, std::span<std::byte> into);

    /// Of a block's content and of where it comes from: what was derived from a block may be used
    /// again while its stamp is the same. Decides its sectors. Precondition: number < blocks().
    [[nodiscard]] Stamp stamp(std::uint64_t number);

    /// Of `count` blocks from `first`. Fast where nothing is recovered or in flight.
    [[nodiscard]] Stamp stamp(std::uint64_t first, std::uint64_t count);

    /// Where the content of a block is read: for those who check sectors without deciding them.
    /// `block` itself if it was changed here; `patched` tells that.
    struct Source {
        std::uint64_t block = 0;
        bool escaped = false;
        bool patched = false;
    };

    [[nodiscard]] Source source(std::uint64_t number) const;

    /// Writes to the view what was replayed, or what was changed afterwards: the image that a later
    /// run would find. In no order that a crash would have to respect.
    void write_replayed();
    void write_patched();
    /// One block, if it was changed.
    void write_patched(std::uint64_t number);

  private:
    static constexpr std::uint32_t itself = 0;

    struct Diverted {
        std::uint64_t number = 0;
        std::uint64_t source = 0;
        std::byte* patch = nullptr;  ///< if any, this is the content
        bool escaped = false;
    };

    Diverted& divert(std::uint64_t number);
    void write(std::uint64_t number, std::span<const std::byte> content);

    ImageView* view_ = nullptr;
    std::uint64_t blocks_ = 0;
    std::uint32_t block_size_ = 0;
    std::uint32_t sectors_ = 0;           ///< of a block
    std::vector<std::uint32_t> slots_;    ///< for each block: itself, or the index of its diversion
    std::vector<std::uint32_t> touched_;  ///< for each chunk of the view: diverted blocks in it
    std::vector<Diverted> diverted_{1};   ///< [0] unused
    std::deque<BlockBuffer> pool_;        ///< patches' memory, kept between runs
    std::size_t pool_used_ = 0;
};

}  // namespace ordeal::verifier::crash::ext
