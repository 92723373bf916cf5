#pragma once

#include "core/fd.hpp"
#include "core/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>

namespace ordeal {

/// The volatile write cache of a disk in front of its medium (a file). What the cache holds is lost
/// when the process ends without `flush`, however it ends: that is the power cut.
///
/// Which sectors have reached the medium at any moment is decided as they are written, each for
/// itself, by the seed. Every subset of the unflushed sectors is therefore possible after a cut,
/// and nobody has to take part in it: SIGKILL is enough. The share that reaches the medium is drawn
/// anew after every flush (0, ¼, ½, ¾ or all), so that "all lost" and "nothing lost" occur, too.
///
/// Answers are 0 or an errno value. Not thread-safe.
class WriteCache {
  public:
    static constexpr std::size_t sector_size = 512;

    enum class Mode {
        lossy,         ///< a volatile cache
        write_through  ///< no cache: every write is on the medium when it is answered
    };

    struct Options {
        Mode mode = Mode::lossy;
        std::uint64_t seed = 0;
        std::size_t limit = std::size_t{128} << 10U;  ///< sectors; a full cache is written out
    };

    WriteCache(Fd medium, Options options);

    int read(std::span<std::byte> data, std::uint64_t offset) const;
    /// As the disk's own cache sees it: it may or may not be on the medium afterwards.
    int write(std::span<const std::byte> data, std::uint64_t offset);
    /// FUA: it is on the medium afterwards.
    int write_durably(std::span<const std::byte> data, std::uint64_t offset);
    /// All that was written is on the medium afterwards.
    int flush();

    /// Sectors that a cut would lose.
    [[nodiscard]] std::size_t held() const { return held_.size(); }

  private:
    using Sector = std::array<std::byte, sector_size>;
    enum class Fate { drawn, medium };

    int put(std::span<const std::byte> data, std::uint64_t offset, Fate fate);
    int put_sector(std::uint64_t number, const Sector& content, Fate fate);
    int write_medium(std::uint64_t number, const Sector& content) const;
    void draw_share();

    Fd medium_;
    Options options_;
    Random random_;
    std::uint64_t quarters_ = 0;  ///< of all sectors that reach the medium at once
    std::unordered_map<std::uint64_t, Sector> held_;
};

}  // namespace ordeal
