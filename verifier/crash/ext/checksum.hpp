#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The checksums of ext4 and of its journal, none of them inverted at the end. Chain by passing the
/// last answer as the next seed.
namespace ordeal::verifier::crash::ext {

/// CRC-32C (Castagnoli), reflected: metadata_csum and journal checksums v2 and v3.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t seed, std::span<const std::byte> bytes);

/// The same of one little-endian number.
[[nodiscard]] std::uint32_t crc32c_le32(std::uint32_t seed, std::uint32_t value);

/// CRC-32 (IEEE 802.3), most significant bit first: journal checksum v1.
[[nodiscard]] std::uint32_t crc32_be(std::uint32_t seed, std::span<const std::byte> bytes);

/// CRC-16 (ARC), reflected: group descriptors under uninit_bg.
[[nodiscard]] std::uint16_t crc16(std::uint16_t seed, std::span<const std::byte> bytes);

}  // namespace ordeal::verifier::crash::ext
