#include "core/wire_epoch.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace ordeal::epoch {
namespace {

constexpr std::string_view magic = "ordeal-epoch-1 ";

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/).
std::uint64_t sum_of(std::string_view text) {
    std::uint64_t sum = 0xcbf29ce484222325U;
    for (const char letter : text) {
        sum = (sum ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
    }
    return sum;
}

bool take_number(std::string_view& text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data() + text.size() || *end != ' ') {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

}  // namespace

Sector to_sector(const Block& block) {
    std::string text(magic);
    for (const auto number : {block.epoch, block.owner, block.count, block.intrusions}) {
        text += std::to_string(number) + " ";
    }
    text += std::to_string(sum_of(text)) + " \n";
    Sector sector{};
    std::ranges::copy(text, sector.begin());
    return sector;
}

std::optional<Block> parse(std::string_view sector) {
    if (!sector.starts_with(magic)) {
        return std::nullopt;
    }
    auto rest = sector.substr(magic.size());
    Block block;
    for (auto* number : {&block.epoch, &block.owner, &block.count, &block.intrusions}) {
        if (!take_number(rest, *number)) {
            return std::nullopt;
        }
    }
    const auto summed = sector.substr(0, sector.size() - rest.size());
    std::uint64_t sum = 0;
    return take_number(rest, sum) && sum == sum_of(summed) ? std::optional(block) : std::nullopt;
}

Block Keeper::next(const std::optional<Block>& found) const {
    Block block = found.value_or(Block{});
    const bool own = found && found->owner == owner_;
    if (!own) {
        // Foreign words at its first look are its predecessor's; later they are an intruder's.
        block.intrusions += took_over_ ? 1 : 0;
        block.epoch += took_over_ ? 0 : 1;
        block.count = 0;
    }
    block.owner = owner_;
    block.count += 1;
    return block;
}

}  // namespace ordeal::epoch
