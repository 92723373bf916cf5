#include "verifier/crash/counts.hpp"

#include <fmt/format.h>

namespace ordeal::verifier::crash {

std::string to_text(const Count& count) {
    const std::string digits = count.str();
    if (digits.size() <= 7) {
        return digits;
    }
    return fmt::format("{}.{}e{}", digits[0], digits.substr(1, 2), digits.size() - 1);
}

double ratio(const Count& part, const Count& whole) {
    constexpr unsigned resolution = 62;
    const Count scaled = (part << resolution) / whole;
    return static_cast<double>(scaled) / static_cast<double>(std::uint64_t{1} << resolution);
}

}  // namespace ordeal::verifier::crash
