#pragma once

#include "core/result.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace ordeal {

/// All durations and instants of a trial have nanosecond resolution.
using Duration = std::chrono::nanoseconds;

/// Time since the start of the trial, from a monotonic clock.
using Instant = std::chrono::nanoseconds;

/// A wall-clock stamp, for people only; never subtracted.
using WallTime = std::chrono::system_clock::time_point;

/// A number of bytes. Distinct from every other integer.
struct Bytes {
    std::uint64_t count = 0;
    auto operator<=>(const Bytes&) const = default;
};

/// Reads "250ms", "30s", "1.5min", "2h", "10us", "5ns". A bare number is an error: units are
/// required.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// Reads "512B", "64KiB", "1MiB", "2GiB", "1TiB", "1kB", "1MB", "1GB". Units are required here too.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);

/// The shortest exact-enough text for people: "250 ms", "1.5 s", "2.08 min". Three significant
/// digits.
[[nodiscard]] std::string to_text(Duration duration);

/// Largest binary unit with three significant digits: "64 MiB", "1.5 GiB", "512 B".
[[nodiscard]] std::string to_text(Bytes bytes);

/// The text that parse_duration reads back to exactly the same value: "250ms".
[[nodiscard]] std::string to_toml(Duration duration);

/// The text that parse_bytes reads back to exactly the same value: "64MiB".
[[nodiscard]] std::string to_toml(Bytes bytes);

/// Seconds as a floating-point number, for statistics and pictures.
[[nodiscard]] constexpr double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace ordeal
