#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ordeal::verifier::crash::ext {

/// How a directory's tree hashes names, as its root says.
enum class HashVersion : std::uint8_t { legacy = 0, half_md4 = 1, tea = 2 };

struct NameHashing {
    HashVersion version = HashVersion::half_md4;
    bool unsigned_characters = false;
    std::array<std::uint32_t, 4> seed{};

    friend bool operator==(const NameHashing&, const NameHashing&) = default;
};

/// The hash by which a directory's tree orders `name`. Its lowest bit is 0.
[[nodiscard]] std::uint32_t name_hash(const NameHashing& hashing, std::span<const std::byte> name);

}  // namespace ordeal::verifier::crash::ext
