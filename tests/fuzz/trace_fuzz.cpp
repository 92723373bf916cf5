// Traces that are right in every checksum and wrong in whatever else the input says, then the same
// with one byte changed, then the input as it is. What parses must encode to the same bytes, and
// its crash states must add up. The input: eight bytes an event.
#include "verifier/crash/dm_log_writes.hpp"
#include "verifier/crash/explore.hpp"

#include <array>
#include <cstdlib>

namespace {

using namespace ordeal::verifier::crash;

constexpr std::uint64_t sectors = 32;
constexpr std::size_t event_size = 8;
constexpr std::uint64_t most_runs = 64;

void expect(bool holds) {
    if (!holds) {
        std::abort();
    }
}

TraceEvent event_of(const std::uint8_t* bytes, std::span<const std::byte> pattern) {
    TraceEvent event{.type = static_cast<EventType>(bytes[0] % 9),
                     .fua = (bytes[1] & 1U) != 0,
                     .error = static_cast<std::uint16_t>(bytes[1] >> 6U),
                     .request = bytes[2] % 16U,
                     .offset = std::uint64_t{bytes[3]} % 40 * sector_size,
                     .length = std::uint64_t{bytes[4]} % 10 * sector_size,
                     .time = bytes[5]};
    if ((bytes[1] & 2U) != 0) {  // now and then no multiple of a sector, or beyond all
        event.offset += bytes[6];
        event.length |= std::uint64_t{bytes[7]} << 56U;
    }
    if (event.type == EventType::write || event.type == EventType::mark) {
        event.data = pattern.subspan(bytes[5] % sector_size,
                                     std::min<std::uint64_t>(event.length, 10 * sector_size));
    }
    return event;
}

/// Every state of every instant, or as many as there is time for, of an examination that reads a
/// little here and there.
void explore(const Trace& trace, const CrashRules& rules) {
    BaseImage base(std::vector<std::byte>(trace.header.disk_size));
    CrashModel model(trace, base, rules);
    Explorer explorer(base);
    while (const auto* instant = model.next()) {
        std::uint64_t runs = 0;
        const auto coverage = explorer.explore(
            *instant,
            [](ImageView& view) {
                std::uint64_t at = 3;
                for (int step = 0; step < 4; ++step) {
                    at = view.stamp_of_sector(at % view.sectors());
                }
            },
            [](const Leaf& leaf, ImageView& /*view*/) { expect(leaf.states > 0); },
            [&] { return runs++ < most_runs; });
        expect(coverage.has_value() && coverage->covered <= instant->possible);
        expect(coverage->partial_instants != 0 || coverage->covered == instant->possible);
    }
}

void check(const std::vector<std::byte>& bytes, const CrashRules& rules) {
    const auto trace = parse_trace(bytes);
    if (!trace) {
        return;
    }
    const auto again = encode_trace(trace->header, trace->events);
    expect(again.size() <= bytes.size() && std::equal(again.begin(), again.end(), bytes.begin()));
    expect(trace->cut == (again.size() != bytes.size()));
    if (trace->header.disk_size <= sectors * sector_size) {
        explore(*trace, rules);
        const auto log = export_dm_log_writes(*trace);
        expect(import_dm_log_writes(log.bytes, trace->header.disk_size).has_value());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<std::byte> pattern = [] {
        std::vector<std::byte> bytes(11 * sector_size);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            bytes[at] = static_cast<std::byte>(at / 97);
        }
        return bytes;
    }();
    const auto raw = std::as_bytes(std::span(data, size));
    (void)parse_trace({raw.begin(), raw.end()});
    (void)import_dm_log_writes(raw, sectors * sector_size);
    if (size < event_size) {
        return 0;
    }
    const CrashRules rules{.fault = static_cast<CrashFault>(data[0] % 3),
                           .cache = static_cast<CacheMode>(data[1] % 5),
                           .format = static_cast<DiskFormat>(data[2] % 2),
                           .damage = static_cast<SectorDamage>(data[3] % 3),
                           .lying_flushes = data[4] % 3U,
                           .preallocated = data[5] % 2 != 0};
    std::vector<TraceEvent> events;
    for (std::size_t at = event_size; at + event_size <= size; at += event_size) {
        events.push_back(event_of(data + at, pattern));
    }
    const TraceHeader header{.atom = data[6] % 4 == 0 ? 4096U : 512U,
                             .disk_size = sectors * sector_size};
    auto bytes = encode_trace(header, events);
    check(bytes, rules);
    bytes[(data[6] + 256U * data[7]) % bytes.size()] ^= std::byte{1};
    const auto damaged = parse_trace(bytes);
    expect(!damaged || damaged->cut);
    return 0;
}
