#include "core/units.hpp"

#include "core/suggest.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <vector>

namespace ordeal {
namespace {

struct Unit {
    std::string_view name;
    double scale;  ///< in nanoseconds or bytes
};

constexpr std::array duration_units{Unit{"ns", 1},
                                    Unit{"us", 1e3},
                                    Unit{"ms", 1e6},
                                    Unit{"s", 1e9},
                                    Unit{"min", 60e9},
                                    Unit{"h", 3600e9}};

constexpr double kib = 1024;
constexpr std::array byte_units{Unit{"B", 1},
                                Unit{"KiB", kib},
                                Unit{"MiB", kib* kib},
                                Unit{"GiB", kib* kib* kib},
                                Unit{"TiB", kib* kib* kib* kib},
                                Unit{"kB", 1e3},
                                Unit{"MB", 1e6},
                                Unit{"GB", 1e9}};

Error bad(std::string_view what,
          std::string_view text,
          std::string_view answer,
          std::span<const Unit> units,
          std::string_view unknown_unit = {}) {
    std::vector<std::string> names;
    std::string known = "units are ";
    for (const auto& unit : units) {
        known += names.emplace_back(unit.name);
        known += &unit == &units.back() ? "" : ", ";
    }
    const auto meant = suggest(unknown_unit, names);
    const std::string hint = meant ? "did you mean \"" + *meant + "\"?" : known;
    return fail(ErrorKind::definition,
                "read \"" + std::string(text) + "\" as a " + std::string(what),
                std::string(answer),
                hint);
}

Result<double> parse_quantity(std::string_view what,
                              std::string_view text,
                              std::span<const Unit> units) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number)) {
        return bad(what, text, "it does not start with a number", units);
    }
    if (number < 0) {
        return bad(what, text, "it is negative", units);
    }
    std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    while (!rest.empty() && rest.front() == ' ') {
        rest.remove_prefix(1);
    }
    if (rest.empty()) {
        return bad(what, text, "the unit is missing", units);
    }
    for (const auto& unit : units) {
        if (unit.name == rest) {
            const double value = number * unit.scale;
            if (value > static_cast<double>(std::numeric_limits<std::int64_t>::max() / 2)) {
                return bad(what, text, "it is too large", units);
            }
            return value;
        }
    }
    return bad(what, text, "unknown unit \"" + std::string(rest) + "\"", units, rest);
}

std::string three_digits(double value, std::string_view unit) {
    std::array<char, 64> buffer{};
    const int length =
        std::snprintf(buffer.data(), buffer.size(), value >= 100 ? "%.0f" : "%.3g", value);
    return std::string(buffer.data(), static_cast<std::size_t>(length)) + " " + std::string(unit);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    auto value = parse_quantity("duration", text, duration_units);
    if (!value) {
        return value.error();
    }
    return Duration(std::llround(*value));
}

Result<Bytes> parse_bytes(std::string_view text) {
    auto value = parse_quantity("size", text, byte_units);
    if (!value) {
        return value.error();
    }
    return Bytes{static_cast<std::uint64_t>(std::llround(*value))};
}

std::string to_text(Duration duration) {
    const bool negative = duration.count() < 0;
    const double ns = std::abs(static_cast<double>(duration.count()));
    std::string text;
    if (ns < 1e3) {
        text = three_digits(ns, "ns");
    } else if (ns < 999.5e3) {
        text = three_digits(ns / 1e3, "µs");
    } else if (ns < 999.5e6) {
        text = three_digits(ns / 1e6, "ms");
    } else if (ns < 119.5e9) {
        text = three_digits(ns / 1e9, "s");
    } else if (ns < 7200e9) {
        text = three_digits(ns / 60e9, "min");
    } else {
        text = three_digits(ns / 3600e9, "h");
    }
    return negative ? "-" + text : text;
}

std::string to_text(Bytes bytes) {
    const auto value = static_cast<double>(bytes.count);
    if (value < kib) {
        return std::to_string(bytes.count) + " B";
    }
    if (value < kib * kib) {
        return three_digits(value / kib, "KiB");
    }
    if (value < kib * kib * kib) {
        return three_digits(value / (kib * kib), "MiB");
    }
    return three_digits(value / (kib * kib * kib), "GiB");
}

std::string to_toml(Duration duration) {
    constexpr std::array exact{std::pair{std::int64_t{3600'000'000'000}, "h"},
                               std::pair{std::int64_t{60'000'000'000}, "min"},
                               std::pair{std::int64_t{1'000'000'000}, "s"},
                               std::pair{std::int64_t{1'000'000}, "ms"},
                               std::pair{std::int64_t{1'000}, "us"}};
    for (const auto& [scale, unit] : exact) {
        if (duration.count() != 0 && duration.count() % scale == 0) {
            return std::to_string(duration.count() / scale) + unit;
        }
    }
    return std::to_string(duration.count()) + "ns";
}

std::string to_toml(Bytes bytes) {
    constexpr std::array exact{std::pair{std::uint64_t{1} << 30U, "GiB"},
                               std::pair{std::uint64_t{1} << 20U, "MiB"},
                               std::pair{std::uint64_t{1} << 10U, "KiB"}};
    for (const auto& [scale, unit] : exact) {
        if (bytes.count != 0 && bytes.count % scale == 0) {
            return std::to_string(bytes.count / scale) + unit;
        }
    }
    return std::to_string(bytes.count) + "B";
}

}  // namespace ordeal
