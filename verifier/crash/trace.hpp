#pragma once

#include "core/result.hpp"
#include "core/wire_bytes.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// A recording of what a guest did to one disk: the issue and the completion of every request.
///
/// A file is a header and events, all numbers little-endian:
///
///   offset 0  u64  magic            event  0  u8   type
///          8  u32  version                 1  u8   flags (1: FUA)
///         12  u32  atom                    2  u16  error of a completion (errno)
///         16  u64  size of the disk        4  u32  length of the data
///         24  u64  stamp of the base       8  u64  request
///         32  u64  zero                   16  u64  offset
///         40  u64  checksum               24  u64  length
///                                         32  u64  time
///                                         40  u64  checksum
///                                         48       data
///
/// Each checksum covers the one before it, so that no event can be missing, and the last one names
/// the whole trace.
namespace ordeal::verifier::crash {

inline constexpr std::uint32_t trace_version = 1;
inline constexpr std::uint64_t max_trace_disk = std::uint64_t{1} << 46U;  ///< bytes
inline constexpr std::uint32_t max_trace_data = 64U << 20U;               ///< bytes of one event
inline constexpr std::uint32_t max_mark = 64U << 10U;                     ///< bytes

enum class EventType : std::uint8_t {
    write = 1,   ///< issue; the data are those of [offset, offset + length)
    zeroes,      ///< issue of a write of zeroes
    discard,     ///< issue; the range reads as zeroes once it is applied, as the recorder serves it
    flush,       ///< issue
    completion,  ///< of the request
    mark,        ///< data as the marker gave them: an acknowledgement. Not a request
    write_cache  ///< from here on the disk says that it has a volatile write cache: offset 1 or 0
};

struct TraceEvent {
    EventType type = EventType::mark;
    bool fua = false;           ///< of a write or zeroes: durable once complete
    std::uint16_t error = 0;    ///< of a completion; 0: success
    std::uint64_t request = 0;  ///< >= 1, unique among issues; a completion names its issue
    std::uint64_t offset = 0;   ///< bytes, a multiple of 512
    std::uint64_t length = 0;   ///< bytes, a multiple of 512
    std::uint64_t time = 0;     ///< ns since the recording began
    wire::ByteView data;        ///< of a write or a mark
};

struct TraceHeader {
    std::uint32_t atom = 512;      ///< what the disk writes whole: 512 or 4096 bytes
    std::uint64_t disk_size = 0;   ///< bytes, a multiple of 512
    std::uint64_t base_stamp = 0;  ///< sparse_stamp() of the disk before; 0: not known
};

/// A trace in memory. Its events point into it; moving it keeps them.
struct Trace {
    TraceHeader header;
    std::vector<TraceEvent> events;
    std::uint64_t name = 0;  ///< checksum of everything
    bool cut = false;        ///< the last event is incomplete and left out: the recorder was killed
    std::vector<std::string> caveats;  ///< what where it comes from leaves out; for people
    std::unique_ptr<std::vector<std::byte>> bytes;
};

/// Reads a trace, believing nothing: every event is checksummed, in the disk, aligned; requests
/// are unique and complete at most once. Errors: corrupt (with the offset), missing (the version).
[[nodiscard]] Result<Trace> parse_trace(std::vector<std::byte> bytes);

/// As parse_trace(). Errors also: not_found, unavailable (cannot be read or over `limit` bytes).
[[nodiscard]] Result<Trace> read_trace(const std::filesystem::path& path,
                                       std::uint64_t limit = std::uint64_t{4} << 30U);

/// Makes the bytes of a trace, event by event. Not thread-safe.
class TraceEncoder {
  public:
    /// Appends the header to `to`.
    TraceEncoder(const TraceHeader& header, wire::Buffer& to);

    /// Appends all of the event but its data, which must follow. The event must be sound.
    void encode(const TraceEvent& event, wire::Buffer& to);

  private:
    std::uint64_t chain_ = 0;
};

/// The bytes of a whole trace.
[[nodiscard]] wire::Buffer encode_trace(const TraceHeader& header,
                                        const std::vector<TraceEvent>& events);

/// The sum of the placed() stamps of all sectors that are not zero: what a sparse file holds can
/// be stamped without reading its holes.
[[nodiscard]] std::uint64_t sparse_stamp(wire::ByteView bytes, std::uint64_t first_sector = 0);

}  // namespace ordeal::verifier::crash
