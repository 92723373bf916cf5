#include "verifier/crash/ext/checksum.hpp"

#include "verifier/crash/ext/bytes.hpp"

#include <array>

namespace ordeal::verifier::crash::ext {
namespace {

using Table = std::array<std::uint32_t, 256>;

constexpr std::uint32_t castagnoli_reflected = 0x82f63b78U;
constexpr std::uint32_t ieee = 0x04c11db7U;
constexpr std::uint16_t arc_reflected = 0xa001U;

/// Eight tables: table k advances a byte over k zero bytes, so that eight bytes go in one step.
constexpr std::array<Table, 8> reflected_tables(std::uint32_t polynomial) {
    std::array<Table, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t sum = byte;
        for (int bit = 0; bit < 8; ++bit) {
            sum = (sum >> 1U) ^ ((sum & 1U) != 0 ? polynomial : 0);
        }
        tables[0][byte] = sum;
    }
    for (std::size_t table = 1; table < tables.size(); ++table) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const auto before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8U) ^ tables[0][before & 0xffU];
        }
    }
    return tables;
}

constexpr Table forward_table(std::uint32_t polynomial) {
    Table table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t sum = byte << 24U;
        for (int bit = 0; bit < 8; ++bit) {
            sum = (sum << 1U) ^ ((sum & 0x80000000U) != 0 ? polynomial : 0);
        }
        table[byte] = sum;
    }
    return table;
}

constexpr auto crc32c_tables = reflected_tables(castagnoli_reflected);
constexpr auto ieee_table = forward_table(ieee);
constexpr auto crc16_table = reflected_tables(arc_reflected)[0];

}  // namespace

std::uint32_t crc32c(std::uint32_t seed, std::span<const std::byte> bytes) {
    const auto& tables = crc32c_tables;
    while (bytes.size() >= 8) {
        const auto low = le32(bytes.data()) ^ seed;
        const auto high = le32(bytes.data() + 4);
        seed = tables[7][low & 0xffU] ^ tables[6][(low >> 8U) & 0xffU] ^
               tables[5][(low >> 16U) & 0xffU] ^ tables[4][low >> 24U] ^ tables[3][high & 0xffU] ^
               tables[2][(high >> 8U) & 0xffU] ^ tables[1][(high >> 16U) & 0xffU] ^
               tables[0][high >> 24U];
        bytes = bytes.subspan(8);
    }
    for (const auto byte : bytes) {
        seed = (seed >> 8U) ^ tables[0][(seed ^ std::to_integer<std::uint32_t>(byte)) & 0xffU];
    }
    return seed;
}

std::uint32_t crc32c_le32(std::uint32_t seed, std::uint32_t value) {
    std::array<std::byte, 4> bytes{};
    put_le32(bytes.data(), value);
    return crc32c(seed, bytes);
}

std::uint32_t crc32_be(std::uint32_t seed, std::span<const std::byte> bytes) {
    for (const auto byte : bytes) {
        seed = (seed << 8U) ^ ieee_table[(seed >> 24U) ^ std::to_integer<std::uint32_t>(byte)];
    }
    return seed;
}

std::uint16_t crc16(std::uint16_t seed, std::span<const std::byte> bytes) {
    std::uint32_t sum = seed;
    for (const auto byte : bytes) {
        sum = (sum >> 8U) ^ crc16_table[(sum ^ std::to_integer<std::uint32_t>(byte)) & 0xffU];
    }
    return static_cast<std::uint16_t>(sum);
}

}  // namespace ordeal::verifier::crash::ext
