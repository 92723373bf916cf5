#include "core/wire_ledger.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <unordered_set>

namespace ordeal::ledger {
namespace {

using wire::load_le;
using wire::store_le;

constexpr std::uint32_t magic = 0x4B4C424F;  // "OBLK"
constexpr std::size_t payload_offset = 40;
constexpr std::uint32_t direct_alignment = 4096;

/// splitmix64 (Steele, Lea, Flood 2014): every start value gives a full-period stream.
std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

std::uint64_t block_checksum(ByteView block) {
    const std::array parts{
        wire::checksum(block.first(32)),
        wire::checksum(block.subspan(payload_offset, block_size - payload_offset))};
    return parts[0] ^ (parts[1] * 0x9E3779B97F4A7C15ULL);
}

void fill_block(const Plan& plan,
                std::uint64_t sequence,
                std::uint32_t index,
                std::span<std::byte> to) {
    store_le(to, magic);
    store_le(to.subspan(4), plan.record_size);
    store_le(to.subspan(8), plan.run);
    store_le(to.subspan(16), sequence);
    store_le(to.subspan(24), index);
    store_le(to.subspan(28), std::uint32_t{0});
    std::uint64_t state = plan.seed ^ (sequence << 16U) ^ index;
    for (std::size_t at = payload_offset; at < block_size; at += sizeof state) {
        store_le(to.subspan(at), next_random(state));
    }
    store_le(to.subspan(32), block_checksum(to));
}

/// Looks at the record-sized stretch of a place; `bytes` may be shorter when the file ends early.
void scan_place(const Plan& plan, std::uint64_t place, ByteView bytes, Scan& into) {
    Place found{place, std::numeric_limits<std::uint64_t>::max(), 0, 0};
    for (std::uint32_t index = 0; index < plan.record_size / block_size; ++index) {
        const auto offset = std::size_t{index} * block_size;
        BlockFinding block{offset < bytes.size() ? BlockKind::damaged : BlockKind::unwritten};
        if (offset + block_size <= bytes.size()) {
            block = examine_block(plan, place, index, bytes.subspan(offset, block_size));
        }
        into.damaged_blocks += block.kind == BlockKind::damaged ? 1U : 0U;
        into.misplaced_blocks += block.kind == BlockKind::misplaced ? 1U : 0U;
        into.foreign_blocks += block.kind == BlockKind::foreign ? 1U : 0U;
        if (block.kind == BlockKind::sound || block.kind == BlockKind::unwritten) {
            found.oldest = std::min(found.oldest, block.sequence);
            found.newest = std::max(found.newest, block.sequence);
        } else {
            ++found.bad_blocks;
        }
    }
    if (found.bad_blocks * block_size == plan.record_size) {
        found.oldest = 0;
    }
    // After a rename the file is there because it was complete: an empty one is a finding too.
    if (found.newest != 0 || found.bad_blocks != 0 || plan.profile == Profile::rename_fsync) {
        into.places.push_back(found);
    }
}

/// The number at the end of "stem-<number>", when it is below `limit`.
std::optional<std::uint32_t> numbered(std::string_view name,
                                      std::string_view stem,
                                      std::uint32_t limit) {
    if (!name.starts_with(stem)) {
        return std::nullopt;
    }
    name.remove_prefix(stem.size());
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || number >= limit) {
        return std::nullopt;
    }
    return number;
}

ByteView stretch(const Plan& plan, ByteView bytes, std::uint64_t offset) {
    offset = std::min<std::uint64_t>(offset, bytes.size());
    return bytes.subspan(offset, std::min<std::size_t>(plan.record_size, bytes.size() - offset));
}

std::uint32_t writer_of(const Plan& plan, std::uint64_t sequence) {
    return static_cast<std::uint32_t>((sequence - 1) % plan.writers);
}

}  // namespace

std::string_view name_of(Profile profile) {
    switch (profile) {
        case Profile::append_fsync:
            return "append_fsync";
        case Profile::rename_fsync:
            return "rename_fsync";
        case Profile::overwrite_direct:
            return "overwrite_direct";
    }
    return "unknown";
}

Result<Profile> parse_profile(std::string_view name) {
    for (const auto profile :
         {Profile::append_fsync, Profile::rename_fsync, Profile::overwrite_direct}) {
        if (name_of(profile) == name) {
            return profile;
        }
    }
    return fail(ErrorKind::definition,
                "read \"" + std::string(name) + "\" as a ledger profile",
                "there is no such profile",
                "profiles are append_fsync, rename_fsync, overwrite_direct");
}

Status validate(const Plan& plan) {
    const auto refuse = [](std::string answer) {
        return fail(ErrorKind::definition, "plan the ledger", std::move(answer));
    };
    const auto unit = plan.profile == Profile::overwrite_direct ? direct_alignment : block_size;
    if (plan.profile > Profile::overwrite_direct) {
        return refuse("unknown profile");
    }
    if (plan.record_size == 0 || plan.record_size % unit != 0 ||
        plan.record_size > max_record_size) {
        return refuse("the record size must be a multiple of " + std::to_string(unit) +
                      " bytes up to " + std::to_string(max_record_size));
    }
    if (plan.writers == 0 || plan.writers > max_writers) {
        return refuse("there must be 1 to " + std::to_string(max_writers) + " writers");
    }
    if (plan.profile != Profile::append_fsync &&
        (plan.slots == 0 || plan.slots > max_slots || plan.slots % plan.writers != 0)) {
        return refuse("slots must be a multiple of writers up to " + std::to_string(max_slots));
    }
    return ok();
}

std::uint64_t sequence_of(const Plan& plan, std::uint32_t writer, std::uint64_t index) {
    return index * plan.writers + writer + 1;
}

std::uint64_t place_of(const Plan& plan, std::uint64_t sequence) {
    return plan.profile == Profile::append_fsync ? sequence : (sequence - 1) % plan.slots;
}

std::string file_of(const Plan& plan, std::uint64_t sequence) {
    switch (plan.profile) {
        case Profile::append_fsync:
            return "append-" + std::to_string(writer_of(plan, sequence));
        case Profile::rename_fsync:
            return "slot-" + std::to_string(place_of(plan, sequence));
        case Profile::overwrite_direct:
            break;
    }
    return "slots";
}

std::vector<std::string> file_names(const Plan& plan) {
    std::uint32_t count = 1;
    if (plan.profile != Profile::overwrite_direct) {
        count = plan.profile == Profile::append_fsync ? plan.writers : plan.slots;
    }
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < count; ++i) {
        names.push_back(file_of(plan, i + 1));
    }
    return names;
}

std::uint64_t offset_of(const Plan& plan, std::uint64_t sequence) {
    switch (plan.profile) {
        case Profile::append_fsync:
            return (sequence - 1) / plan.writers * plan.record_size;
        case Profile::rename_fsync:
            return 0;
        case Profile::overwrite_direct:
            break;
    }
    return place_of(plan, sequence) * plan.record_size;
}

void fill_record(const Plan& plan, std::uint64_t sequence, std::span<std::byte> to) {
    for (std::uint32_t index = 0; index < plan.record_size / block_size; ++index) {
        fill_block(plan, sequence, index, to.subspan(std::size_t{index} * block_size, block_size));
    }
}

BlockFinding examine_block(const Plan& plan,
                           std::uint64_t place,
                           std::uint32_t index,
                           ByteView block) {
    if (std::ranges::all_of(block, [](std::byte b) { return b == std::byte{0}; })) {
        return {BlockKind::unwritten};
    }
    if (load_le<std::uint32_t>(block) != magic ||
        load_le<std::uint64_t>(block.subspan(32)) != block_checksum(block)) {
        return {BlockKind::damaged};
    }
    if (load_le<std::uint64_t>(block.subspan(8)) != plan.run) {
        return {BlockKind::foreign};
    }
    const auto sequence = load_le<std::uint64_t>(block.subspan(16));
    if (sequence == 0 || place_of(plan, sequence) != place ||
        load_le<std::uint32_t>(block.subspan(24)) != index) {
        return {BlockKind::misplaced};
    }
    // The checksum already vouches for the bytes; this also catches a wrong seed or generator.
    std::array<std::byte, block_size> expected{};
    fill_block(plan, sequence, index, expected);
    if (!std::ranges::equal(block, expected)) {
        return {BlockKind::damaged};
    }
    return {BlockKind::sound, sequence};
}

std::map<std::uint64_t, std::uint64_t> required_by_place(
    const Plan& plan, std::span<const std::uint64_t> acknowledged) {
    std::map<std::uint64_t, std::uint64_t> required;
    for (const auto sequence : acknowledged) {
        auto& last = required[place_of(plan, sequence)];
        last = std::max(last, sequence);
    }
    return required;
}

bool keeps(const Plan& plan, const Place& place, std::uint64_t required) {
    if (plan.profile == Profile::overwrite_direct) {
        return place.bad_blocks == 0 && place.oldest >= required;
    }
    return place.intact() && place.newest >= required;
}

std::vector<std::uint64_t> Scan::intact() const {
    std::vector<std::uint64_t> sequences;
    for (const auto& place : places) {
        if (place.intact()) {
            sequences.push_back(place.newest);
        }
    }
    std::ranges::sort(sequences);
    return sequences;
}

std::optional<std::vector<Stretch>> places_of(const Plan& plan,
                                              std::string_view name,
                                              std::uint64_t size) {
    std::vector<Stretch> places;
    if (plan.profile == Profile::overwrite_direct && name == "slots") {
        for (std::uint64_t slot = 0; slot < plan.slots; ++slot) {
            places.push_back({slot, slot * plan.record_size});
        }
    } else if (const auto slot = numbered(name, "slot-", plan.slots);
               slot && plan.profile == Profile::rename_fsync) {
        places.push_back({*slot, 0});
    } else if (const auto writer = numbered(name, "append-", plan.writers);
               writer && plan.profile == Profile::append_fsync) {
        for (std::uint64_t i = 0; i * plan.record_size < size; ++i) {
            places.push_back({sequence_of(plan, *writer, i), i * plan.record_size});
        }
    } else {
        return std::nullopt;
    }
    return places;
}

void scan_file(const Plan& plan, const File& file, Scan& into) {
    const auto places = places_of(plan, file.name, file.bytes.size());
    if (!places) {
        into.ignored.push_back(file.name);
        return;
    }
    for (const auto& [place, offset] : *places) {
        scan_place(plan, place, stretch(plan, file.bytes, offset), into);
    }
}

Scan scan(const Plan& plan, std::span<const File> files) {
    Scan found;
    for (const auto& file : files) {
        scan_file(plan, file, found);
    }
    std::ranges::sort(found.places, {}, &Place::place);
    return found;
}

Judgement judge(const Plan& plan, std::span<const std::uint64_t> acknowledged, const Scan& found) {
    const std::unordered_set<std::uint64_t> acked(acknowledged.begin(), acknowledged.end());
    auto required = required_by_place(plan, acknowledged);
    Judgement judgement;
    judgement.required = required.size();
    for (const auto& place : found.places) {
        const auto promise = required.find(place.place);
        const bool kept = promise == required.end() || keeps(plan, place, promise->second);
        if (!kept) {
            judgement.lost.push_back(promise->second);
        }
        if (promise != required.end()) {
            required.erase(promise);
        }
        if (!place.intact() && plan.profile == Profile::rename_fsync) {
            judgement.half_there.push_back(place.place);
        } else if (!place.intact() && kept) {
            ++judgement.torn;
        }
        if (place.intact() && kept && !acked.contains(place.newest)) {
            ++judgement.unacknowledged_present;
        }
    }
    for (const auto& [place, sequence] : required) {
        judgement.lost.push_back(sequence);
    }
    std::ranges::sort(judgement.lost);
    return judgement;
}

}  // namespace ordeal::ledger
