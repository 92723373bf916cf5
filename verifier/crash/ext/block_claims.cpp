#include "verifier/crash/ext/block_claims.hpp"

#include <algorithm>

namespace ordeal::verifier::crash::ext {

void BlockClaims::reset(const Geometry& geometry) {
    const auto blocks = geometry.blocks - geometry.first_block;
    first_block_ = geometry.first_block;
    per_group_ = geometry.blocks_per_group;
    claims_.assign(blocks, 0);
    marked_.assign(blocks, 0);
    bitmaps_.assign(geometry.groups, std::vector<std::byte>(geometry.blocks_per_group / 8));
    used_.assign(geometry.groups, 0);
    wrong_ = 0;
}

template <class Change>
void BlockClaims::change(std::uint64_t first, std::uint64_t count, const Change& apply) {
    auto index = first - first_block_;
    const auto end = index + count;
    while (index < end) {
        const auto group = index / per_group_;
        const auto stop = std::min(end, (group + 1) * per_group_);
        std::uint64_t wrong = wrong_;
        std::uint64_t used = used_[group];
        for (; index < stop; ++index) {
            wrong -= is_wrong(index) ? 1U : 0U;
            used -= claims_[index] != 0 ? 1U : 0U;
            apply(claims_[index]);
            used += claims_[index] != 0 ? 1U : 0U;
            wrong += is_wrong(index) ? 1U : 0U;
        }
        wrong_ = wrong;
        used_[group] = used;
    }
}

void BlockClaims::claim(std::uint64_t first, std::uint64_t count) {
    change(first, count, [](std::uint32_t& claims) { ++claims; });
}

void BlockClaims::release(std::uint64_t first, std::uint64_t count) {
    change(first, count, [](std::uint32_t& claims) { --claims; });
}

void BlockClaims::mark(std::uint32_t group, std::span<const std::byte> bitmap) {
    auto& known = bitmaps_[group];
    const auto start = std::size_t{group} * per_group_;
    for (std::size_t byte = 0; byte < known.size(); ++byte) {
        if (known[byte] == bitmap[byte]) {
            continue;
        }
        known[byte] = bitmap[byte];
        const auto end = std::min(start + byte * 8 + 8, marked_.size());
        for (auto index = start + byte * 8; index < end; ++index) {
            const auto bit = (std::to_integer<unsigned>(bitmap[byte]) >> (index % 8)) & 1U;
            wrong_ -= is_wrong(index) ? 1U : 0U;
            marked_[index] = static_cast<std::uint8_t>(bit);
            wrong_ += is_wrong(index) ? 1U : 0U;
        }
    }
}

void BlockClaims::tell(std::vector<Problem>& problems, std::size_t most) const {
    for (std::size_t index = 0; index < claims_.size() && problems.size() < most; ++index) {
        if (is_wrong(index)) {
            const auto flaw = claims_[index] > 1 ? Flaw::block_shared : Flaw::block_bitmap;
            problems.push_back({.flaw = flaw, .block = first_block_ + index});
        }
    }
}

}  // namespace ordeal::verifier::crash::ext
