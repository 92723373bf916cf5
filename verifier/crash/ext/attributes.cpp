#include "verifier/crash/ext/attributes.hpp"

#include "verifier/crash/ext/checksum.hpp"

#include <array>
#include <bitset>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::uint32_t attribute_magic = 0xea020000U;
constexpr std::size_t block_header = 32;
constexpr std::size_t entry_header = 16;
constexpr std::size_t checksum_at = 16;
constexpr std::uint32_t longest_value = 1U << 24U;

std::size_t padded(std::size_t size) {
    return (size + 3) & ~std::size_t{3};
}

struct Entry {
    std::uint8_t name_length = 0;
    std::uint8_t name_index = 0;
    std::uint16_t value_offset = 0;
    std::uint32_t value_inode = 0;
    std::uint32_t value_size = 0;
    std::uint32_t hash = 0;

    [[nodiscard]] std::size_t length() const { return padded(entry_header + name_length); }
};

Entry entry_at(const std::byte* at) {
    return {.name_length = u8(at),
            .name_index = u8(at + 1),
            .value_offset = le16(at + 2),
            .value_inode = le32(at + 4),
            .value_size = le32(at + 8),
            .hash = le32(at + 12)};
}

/// Which bytes are taken: nothing may lie on anything else.
class Space {
  public:
    explicit Space(std::size_t size) : size_(size) {}

    [[nodiscard]] bool take(std::size_t start, std::size_t count) {
        if (count == 0 || start > size_ || count > size_ - start) {
            return false;
        }
        for (auto byte = start; byte < start + count; ++byte) {
            if (taken_[byte]) {
                return false;
            }
            taken_.set(byte);
        }
        return true;
    }

  private:
    std::size_t size_;
    std::bitset<4096> taken_;
};

enum class Characters { are_unsigned, are_signed };

/// Of an attribute's name and value, as the kernel computes it. The kernel used to take the
/// characters of names as signed where the compiler does.
std::uint32_t attribute_hash(std::span<const std::byte> name,
                             std::span<const std::byte> value,
                             Characters characters) {
    std::uint32_t hash = 0;
    for (const auto byte : name) {
        auto character = std::to_integer<std::uint32_t>(byte);
        if (characters == Characters::are_signed && character >= 0x80U) {
            character |= 0xffffff00U;
        }
        hash = (hash << 5U) ^ (hash >> 27U) ^ character;
    }
    for (std::size_t at = 0; at < value.size(); at += 4) {
        hash = (hash << 16U) ^ (hash >> 16U) ^ le32(value.data() + at);
    }
    return hash;
}

bool hash_holds(const Entry& entry, const std::byte* at, std::span<const std::byte> value) {
    const std::span name(at + entry_header, entry.name_length);
    return entry.hash == attribute_hash(name, value, Characters::are_unsigned) ||
           entry.hash == attribute_hash(name, value, Characters::are_signed);
}

/// `area` starts with the magic number; offsets of values count from behind it.
Flaw check_inline_attributes(std::span<const std::byte> area) {
    constexpr std::size_t magic_size = 4;
    Space space(area.size());
    bool fits = space.take(0, magic_size);
    std::size_t at = magic_size;
    std::size_t remain = area.size() - magic_size;
    while (fits && remain >= entry_header && at + entry_header <= area.size() &&
           le32(area.data() + at) != 0) {
        const auto entry = entry_at(area.data() + at);
        if (!space.take(at, entry.length())) {
            return Flaw::attribute;
        }
        remain -= entry_header;
        if (padded(entry.name_length) > remain) {
            return Flaw::attribute;
        }
        remain -= padded(entry.name_length);
        if (entry.value_inode != 0) {
            return Flaw::beyond_us;
        }
        const auto value_at = magic_size + entry.value_offset;
        const auto value_size = padded(entry.value_size);
        if (entry.value_size > remain ||
            (entry.value_size != 0 && !space.take(value_at, value_size))) {
            return Flaw::attribute;
        }
        const auto value =
            entry.value_size == 0 ? area.first(0) : area.subspan(value_at, value_size);
        if (entry.hash != 0 && !hash_holds(entry, area.data() + at, value)) {
            return Flaw::attribute;
        }
        remain -= entry.value_size;
        at += entry.length();
    }
    return fits && space.take(at, 4) ? Flaw::none : Flaw::attribute;
}

Flaw check_block_entries(std::span<const std::byte> block) {
    Space space(block.size());
    bool fits = space.take(0, block_header);
    std::size_t at = block_header;
    while (fits && at + 4 <= block.size() && le32(block.data() + at) != 0) {
        if (at + entry_header > block.size()) {
            return Flaw::attribute;
        }
        const auto entry = entry_at(block.data() + at);
        if (!space.take(at, entry.length()) || entry.name_index == 0) {
            return Flaw::attribute;
        }
        if (entry.value_inode != 0) {
            return Flaw::beyond_us;
        }
        if (entry.value_size > longest_value ||
            std::size_t{entry.value_offset} + entry.value_size > block.size()) {
            return Flaw::attribute;
        }
        const auto value_size = padded(entry.value_size);
        if (entry.value_size != 0 && !space.take(entry.value_offset, value_size)) {
            return Flaw::attribute;
        }
        const auto value =
            entry.value_size == 0 ? block.first(0) : block.subspan(entry.value_offset, value_size);
        if (!hash_holds(entry, block.data() + at, value)) {
            return Flaw::attribute;
        }
        at += entry.length();
    }
    return fits && space.take(at, 4) ? Flaw::none : Flaw::attribute;
}

std::uint32_t block_checksum(const Geometry& geometry,
                             std::uint64_t number,
                             std::span<const std::byte> block) {
    constexpr std::array<std::byte, 4> zero{};
    auto sum = crc32c_le32(geometry.checksum_seed, static_cast<std::uint32_t>(number));
    sum = crc32c_le32(sum, static_cast<std::uint32_t>(number >> 32U));
    sum = crc32c(sum, block.first(checksum_at));
    sum = crc32c(sum, zero);
    return crc32c(sum, block.subspan(checksum_at + 4));
}

}  // namespace

AttributeBlock parse_attribute_block(const Geometry& geometry,
                                     std::uint64_t number,
                                     std::span<const std::byte> block) {
    AttributeBlock parsed;
    parsed.references = le32(block.data() + 4);
    const bool checksum_wrong =
        geometry.metadata_checksums() &&
        le32(block.data() + checksum_at) != block_checksum(geometry, number, block);
    if (le32(block.data()) != attribute_magic || le32(block.data() + 8) != 1 || checksum_wrong) {
        parsed.flaw = Flaw::attribute;
        return parsed;
    }
    parsed.flaw = check_block_entries(block);
    return parsed;
}

Flaw check_extra_space(const InodeFields& inode) {
    const auto bytes = inode.bytes();
    if (bytes.size() == classic_inode_size) {
        return Flaw::none;
    }
    const auto room = bytes.size() - classic_inode_size;
    const std::size_t used = inode.extra_size();
    if (used != 0 && (used < 4 || used > room || used % 4 != 0)) {
        return Flaw::inode_extra;
    }
    if (used + 4 < room) {
        const auto area = bytes.subspan(classic_inode_size + used);
        if (le32(area.data()) == attribute_magic) {
            if (const auto flaw = check_inline_attributes(area); flaw != Flaw::none) {
                return flaw;
            }
        }
        // Times before 1970 with the wrong epoch bits: change, modification, access, creation.
        constexpr std::array<std::pair<std::size_t, std::size_t>, 4> times{
            {{12, 132}, {16, 136}, {8, 140}, {144, 148}}};
        for (const auto& [time, extra] : times) {
            if (bytes.size() >= extra + 4 && (le32(bytes.data() + time) >> 31U) != 0 &&
                (le32(bytes.data() + extra) & 3U) == 3U) {
                return Flaw::inode_extra;
            }
        }
    }
    return Flaw::none;
}

void set_attribute_references(const Geometry& geometry,
                              std::uint64_t number,
                              std::span<std::byte> block,
                              std::uint32_t references) {
    put_le32(block.data() + 4, references);
    if (geometry.metadata_checksums()) {
        put_le32(block.data() + checksum_at, block_checksum(geometry, number, block));
    }
}

}  // namespace ordeal::verifier::crash::ext
