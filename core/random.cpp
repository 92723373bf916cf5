#include "core/random.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace ordeal {
namespace {

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31U);
}

constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15ULL;

}  // namespace

Random Random::derive(std::string_view purpose) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char letter : purpose) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
    }
    return derive(hash);
}

Random Random::derive(std::uint64_t number) const {
    return Random(mix(mix(state_ + golden_gamma) ^ (number * golden_gamma + 1)));
}

std::uint64_t Random::next() {
    state_ += golden_gamma;
    return mix(state_);
}

double Random::unit() {
    return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

std::uint64_t Random::below(std::uint64_t bound) {
    assert(bound > 0);
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / bound * bound;
    std::uint64_t value = next();
    while (value >= limit) {
        value = next();
    }
    return value % bound;
}

Duration Random::between(Duration from, Duration to) {
    assert(from <= to);
    const auto span = static_cast<std::uint64_t>((to - from).count());
    return from + Duration(static_cast<std::int64_t>(below(span + 1)));
}

Duration Random::log_between(Duration from, Duration to) {
    assert(Duration::zero() < from && from <= to);
    const auto low = static_cast<double>(from.count());
    const double drawn = low * std::pow(static_cast<double>(to.count()) / low, unit());
    return std::clamp(Duration(std::llround(drawn)), from, to);
}

}  // namespace ordeal
