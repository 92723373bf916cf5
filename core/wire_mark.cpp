#include "core/wire_mark.hpp"

#include <algorithm>
#include <stdexcept>

namespace ordeal::ledger {
namespace {

constexpr std::uint32_t magic = 0x4b524d4fU;  // "OMRK"
constexpr std::size_t directory_offset = 42;
constexpr std::size_t checksum_offset = mark_size - 8;
static_assert(directory_offset + max_mark_directory <= checksum_offset);

}  // namespace

std::array<std::byte, mark_size> encode_mark(const Mark& mark) {
    if (mark.directory.size() > max_mark_directory) {
        throw std::length_error("directory of a mark");
    }
    std::array<std::byte, mark_size> bytes{};
    const std::span to(bytes);
    wire::store_le(to, magic);
    wire::store_le(to.subspan(4), mark.plan.record_size);
    wire::store_le(to.subspan(8), mark.plan.writers);
    wire::store_le(to.subspan(12), mark.plan.slots);
    wire::store_le(to.subspan(16), mark.plan.run);
    wire::store_le(to.subspan(24), mark.plan.seed);
    wire::store_le(to.subspan(32), mark.sequence);
    bytes[40] = static_cast<std::byte>(mark.plan.profile);
    bytes[41] = static_cast<std::byte>(mark.directory.size());
    std::ranges::transform(mark.directory, bytes.begin() + directory_offset, [](char letter) {
        return static_cast<std::byte>(letter);
    });
    wire::store_le(to.subspan(checksum_offset), wire::checksum(to.first(checksum_offset)));
    return bytes;
}

std::optional<Mark> decode_mark(ByteView bytes) {
    if (bytes.size() < mark_size || wire::load_le<std::uint32_t>(bytes) != magic ||
        wire::load_le<std::uint64_t>(bytes.subspan(checksum_offset)) !=
            wire::checksum(bytes.first(checksum_offset))) {
        return std::nullopt;
    }
    Mark mark;
    mark.plan.record_size = wire::load_le<std::uint32_t>(bytes.subspan(4));
    mark.plan.writers = wire::load_le<std::uint32_t>(bytes.subspan(8));
    mark.plan.slots = wire::load_le<std::uint32_t>(bytes.subspan(12));
    mark.plan.run = wire::load_le<std::uint64_t>(bytes.subspan(16));
    mark.plan.seed = wire::load_le<std::uint64_t>(bytes.subspan(24));
    mark.sequence = wire::load_le<std::uint64_t>(bytes.subspan(32));
    mark.plan.profile = static_cast<Profile>(bytes[40]);
    for (const auto byte :
         bytes.subspan(directory_offset, std::to_integer<std::size_t>(bytes[41]))) {
        mark.directory.push_back(static_cast<char>(byte));
    }
    if (!validate(mark.plan)) {
        return std::nullopt;
    }
    return mark;
}

}  // namespace ordeal::ledger
