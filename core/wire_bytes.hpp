#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace ordeal::wire {

using Buffer = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// Writes `value` little-endian at the start of `to`, which must have room for it.
template <class T>
requires std::is_unsigned_v<T>

constexpr void store_le(std::span<std::byte> to, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        to[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
    }
}

/// Reads a little-endian number at the start of `from`, which must be long enough.
template <class T>
requires std::is_unsigned_v<T>

[[nodiscard]] constexpr T load_le(ByteView from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value |= static_cast<std::uint64_t>(from[i]) << (8 * i);
    }
    return static_cast<T>(value);
}

/// XXH3, 64 bits. The only checksum of the wire and of the ledger.
[[nodiscard]] std::uint64_t checksum(ByteView bytes);

}  // namespace ordeal::wire
