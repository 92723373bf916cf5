#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// Numbers as they lie on a disk. No alignment is assumed; the caller knows that the bytes are
/// there.
namespace ordeal::verifier::crash::ext {

template <std::unsigned_integral T>
[[nodiscard]] constexpr T byte_swapped(T value) {
    T swapped = 0;
    for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
        swapped = static_cast<T>(swapped << 8U) | static_cast<T>(value & 0xffU);
        value = static_cast<T>(value >> 8U);
    }
    return swapped;
}

template <std::unsigned_integral T, std::endian order>
[[nodiscard]] inline T load(const std::byte* from) {
    T value = 0;
    std::memcpy(&value, from, sizeof value);
    return order == std::endian::native ? value : byte_swapped(value);
}

template <std::unsigned_integral T, std::endian order>
inline void store(std::byte* into, T value) {
    const T ordered = order == std::endian::native ? value : byte_swapped(value);
    std::memcpy(into, &ordered, sizeof ordered);
}

// The filesystem is little-endian, the journal big-endian.
[[nodiscard]] inline std::uint8_t u8(const std::byte* from) {
    return std::to_integer<std::uint8_t>(*from);
}

[[nodiscard]] inline std::uint16_t le16(const std::byte* from) {
    return load<std::uint16_t, std::endian::little>(from);
}

[[nodiscard]] inline std::uint32_t le32(const std::byte* from) {
    return load<std::uint32_t, std::endian::little>(from);
}

[[nodiscard]] inline std::uint16_t be16(const std::byte* from) {
    return load<std::uint16_t, std::endian::big>(from);
}

[[nodiscard]] inline std::uint32_t be32(const std::byte* from) {
    return load<std::uint32_t, std::endian::big>(from);
}

[[nodiscard]] inline std::uint64_t be64(const std::byte* from) {
    return load<std::uint64_t, std::endian::big>(from);
}

inline void put_le16(std::byte* into, std::uint16_t value) {
    store<std::uint16_t, std::endian::little>(into, value);
}

inline void put_le32(std::byte* into, std::uint32_t value) {
    store<std::uint32_t, std::endian::little>(into, value);
}

inline void put_be32(std::byte* into, std::uint32_t value) {
    store<std::uint32_t, std::endian::big>(into, value);
}

/// A number whose halves lie apart.
[[nodiscard]] inline std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
    return (std::uint64_t{high} << 32U) | low;
}

}  // namespace ordeal::verifier::crash::ext
