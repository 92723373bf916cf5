#include "verifier/crash/ext/inode.hpp"

#include "verifier/crash/ext/checksum.hpp"

#include <algorithm>
#include <array>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::size_t checksum_low = 124;
constexpr std::size_t checksum_high = 130;

bool has_high_checksum(std::span<const std::byte> bytes) {
    return bytes.size() > classic_inode_size && le16(bytes.data() + classic_inode_size) >= 4;
}

/// Over the inode with its own checksum taken as zero.
std::uint32_t inode_checksum(std::uint32_t seed, std::span<const std::byte> bytes) {
    constexpr std::array<std::byte, 2> zero{};
    seed = crc32c(seed, bytes.first(checksum_low));
    seed = crc32c(seed, zero);
    if (!has_high_checksum(bytes)) {
        return crc32c(seed, bytes.subspan(checksum_low + 2));
    }
    seed = crc32c(seed, bytes.subspan(checksum_low + 2, checksum_high - checksum_low - 2));
    seed = crc32c(seed, zero);
    return crc32c(seed, bytes.subspan(checksum_high + 2));
}

}  // namespace

FileType InodeFields::type() const {
    switch (mode() >> 12U) {
        case 1:
            return FileType::fifo;
        case 2:
            return FileType::character_device;
        case 4:
            return FileType::directory;
        case 6:
            return FileType::block_device;
        case 8:
            return FileType::regular;
        case 10:
            return FileType::symlink;
        case 12:
            return FileType::socket;
        default:
            return FileType::unknown;
    }
}

std::uint64_t InodeFields::blocks() const {
    const bool huge = geometry_.has(geometry_.ro_compat, ro_compat::huge_file);
    return joined(le32(at(28)), huge ? blocks_high() : 0U);
}

std::uint64_t InodeFields::attributes() const {
    const bool wide = geometry_.has(geometry_.incompat, incompat::bit64);
    return joined(le32(at(104)), wide ? attributes_high() : 0U);
}

bool InodeFields::maps_blocks() const {
    if (is(FileType::symlink)) {
        if (attributes() == 0) {
            return le32(at(28)) != 0;
        }
        const auto size_low = le32(at(4));
        return size_low >= map_size || (size_low > 4 && pointer(1) == 0);
    }
    return is(FileType::directory) || is(FileType::regular);
}

std::uint32_t InodeFields::checksum_seed(std::uint32_t number) const {
    return crc32c_le32(crc32c_le32(geometry_.checksum_seed, number), generation());
}

bool InodeFields::checksum_holds(std::uint32_t number) const {
    if (!geometry_.metadata_checksums()) {
        return true;
    }
    const auto sum = inode_checksum(checksum_seed(number), bytes_);
    const auto low = le16(at(checksum_low));
    const bool holds = has_high_checksum(bytes_)
                           ? sum == (std::uint32_t{le16(at(checksum_high))} << 16U | low)
                           : (sum & 0xffffU) == low;
    return holds || std::ranges::all_of(bytes_.first(classic_inode_size),
                                        [](std::byte byte) { return byte == std::byte{0}; });
}

void seal_inode(const Geometry& geometry, std::uint32_t number, std::span<std::byte> bytes) {
    if (!geometry.metadata_checksums()) {
        return;
    }
    const auto sum = inode_checksum(InodeFields(geometry, bytes).checksum_seed(number), bytes);
    put_le16(bytes.data() + checksum_low, static_cast<std::uint16_t>(sum));
    if (has_high_checksum(bytes)) {
        put_le16(bytes.data() + checksum_high, static_cast<std::uint16_t>(sum >> 16U));
    }
}

}  // namespace ordeal::verifier::crash::ext
