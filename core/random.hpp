#pragma once

#include "core/units.hpp"

#include <cstdint>
#include <string_view>

namespace ordeal {

/// Seeded random numbers, equal on every machine (the standard's distributions are not).
/// Source of the generator: SplitMix64, G. Steele, D. Lea, C. Flood, OOPSLA 2014.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    /// A generator of its own for one purpose, so that adding a draw elsewhere changes nothing
    /// here.
    [[nodiscard]] Random derive(std::string_view purpose) const;
    [[nodiscard]] Random derive(std::uint64_t number) const;

    [[nodiscard]] std::uint64_t next();
    /// In [0, 1).
    [[nodiscard]] double unit();
    /// In [from, to], uniform. `from <= to`.
    [[nodiscard]] Duration between(Duration from, Duration to);
    /// In [from, to], log-uniform: each octave of it is as likely. `0 < from <= to`.
    [[nodiscard]] Duration log_between(Duration from, Duration to);
    /// In [0, bound), without modulo bias. `bound > 0`.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);

    [[nodiscard]] std::uint64_t seed() const { return state_; }

  private:
    std::uint64_t state_;
};

}  // namespace ordeal
