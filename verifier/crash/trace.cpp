#include "verifier/crash/trace.hpp"

#include "verifier/crash/image_view.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <unordered_map>
#include <utility>

namespace ordeal::verifier::crash {
namespace {

constexpr std::uint64_t trace_magic = 0x3165636172740a6fU;
constexpr std::size_t head_size = 48;     ///< of the file and of each event, checksum included
constexpr std::size_t checked_size = 40;  ///< of a head: what its checksum covers
constexpr std::size_t max_events = std::size_t{1} << 26U;

/// The checksum of a head after `chain`, with the data's.
std::uint64_t link(std::uint64_t chain, wire::ByteView head, wire::ByteView data) {
    std::array<std::byte, checked_size + 16> bytes{};
    std::ranges::copy(head.first(checked_size), bytes.begin());
    wire::store_le(std::span(bytes).subspan(checked_size), chain);
    wire::store_le(std::span(bytes).subspan(checked_size + 8), wire::checksum(data));
    return wire::checksum(bytes);
}

bool has_range(EventType type) {
    return type == EventType::write || type == EventType::zeroes || type == EventType::discard;
}

/// Reads heads one after another, checking what each says by itself.
class Parser {
  public:
    explicit Parser(wire::ByteView bytes) : bytes_(bytes) {}

    Status header(TraceHeader& into) {
        if (bytes_.size() < head_size || wire::load_le<std::uint64_t>(bytes_) != trace_magic) {
            return wrong("no trace of ours");
        }
        const auto version = number<std::uint32_t>(8);
        if (version != trace_version) {
            return fail(ErrorKind::missing,
                        "read the trace",
                        fmt::format("its version is {}, ours is {}", version, trace_version));
        }
        into = {number<std::uint32_t>(12), number<std::uint64_t>(16), number<std::uint64_t>(24)};
        if (!check({})) {
            return wrong("checksum of the header");
        }
        if ((into.atom != 512 && into.atom != 4096) || into.disk_size == 0 ||
            into.disk_size % into.atom != 0 || into.disk_size > max_trace_disk) {
            return wrong("impossible disk");
        }
        disk_ = into;
        at_ += head_size;
        return ok();
    }

    [[nodiscard]] bool done() const { return at_ == bytes_.size(); }

    /// The next event is not all there.
    [[nodiscard]] bool cut() const {
        return bytes_.size() - at_ < head_size ||
               (number<std::uint32_t>(4) <= max_trace_data &&
                bytes_.size() - at_ - head_size < number<std::uint32_t>(4));
    }

    /// Precondition: !cut().
    Status next(TraceEvent& event) {
        const auto type = std::to_integer<std::uint8_t>(bytes_[at_]);
        const auto flags = std::to_integer<std::uint8_t>(bytes_[at_ + 1]);
        const auto size = number<std::uint32_t>(4);
        if (type < static_cast<std::uint8_t>(EventType::write) ||
            type > static_cast<std::uint8_t>(EventType::write_cache) || flags > 1 ||
            size > max_trace_data) {
            return wrong("no such event");
        }
        event = {.type = static_cast<EventType>(type),
                 .fua = flags != 0,
                 .error = number<std::uint16_t>(2),
                 .request = number<std::uint64_t>(8),
                 .offset = number<std::uint64_t>(16),
                 .length = number<std::uint64_t>(24),
                 .time = number<std::uint64_t>(32),
                 .data = bytes_.subspan(at_ + head_size, size)};
        if (!check(event.data)) {
            return wrong("checksum");
        }
        if (!plausible(event)) {
            return wrong("a range outside the disk, not aligned, or data of another length");
        }
        at_ += head_size + size;
        return ok();
    }

    [[nodiscard]] std::uint64_t chain() const { return chain_; }

    [[nodiscard]] Error wrong(std::string_view what) const {
        return fail(ErrorKind::corrupt,
                    "read the trace",
                    fmt::format("{} at byte {}", what, at_),
                    "record it again");
    }

  private:
    template <class T>
    [[nodiscard]] T number(std::size_t offset) const {
        return wire::load_le<T>(bytes_.subspan(at_ + offset));
    }

    bool check(wire::ByteView data) {
        chain_ = link(chain_, bytes_.subspan(at_), data);
        return chain_ == number<std::uint64_t>(checked_size);
    }

    [[nodiscard]] bool plausible(const TraceEvent& event) const {
        if (has_range(event.type)) {
            const bool inside =
                event.offset <= disk_.disk_size && event.length <= disk_.disk_size - event.offset;
            const bool aligned = (event.offset | event.length) % sector_size == 0;
            const auto data = event.type == EventType::write ? event.length : 0;
            return inside && aligned && event.length != 0 && event.data.size() == data;
        }
        return event.type == EventType::mark ? event.data.size() <= max_mark : event.data.empty();
    }

    wire::ByteView bytes_;
    std::size_t at_ = 0;
    std::uint64_t chain_ = 0;
    TraceHeader disk_;
};

/// Knows which requests are open.
class Requests {
  public:
    bool follow(const TraceEvent& event) {
        switch (event.type) {
            case EventType::write:
            case EventType::zeroes:
            case EventType::discard:
            case EventType::flush:
                return event.request != 0 && open_.try_emplace(event.request, true).second;
            case EventType::completion: {
                const auto issued = open_.find(event.request);
                return issued != open_.end() && std::exchange(issued->second, false);
            }
            default:
                return true;
        }
    }

  private:
    std::unordered_map<std::uint64_t, bool> open_;
};

}  // namespace

Result<Trace> parse_trace(std::vector<std::byte> bytes) {
    Trace trace;
    trace.bytes = std::make_unique<std::vector<std::byte>>(std::move(bytes));
    Parser parser(*trace.bytes);
    if (auto read = parser.header(trace.header); !read) {
        return read.error();
    }
    Requests requests;
    while (!parser.done()) {
        if (parser.cut()) {
            trace.cut = true;
            break;
        }
        if (trace.events.size() == max_events) {
            return parser.wrong("more events than we read");
        }
        TraceEvent event;
        if (auto read = parser.next(event); !read) {
            return read.error();
        }
        if (!requests.follow(event)) {
            return parser.wrong(
                "a request issued twice, or completed twice or never issued, before");
        }
        trace.events.push_back(event);
    }
    trace.name = parser.chain();
    return trace;
}

Result<Trace> read_trace(const std::filesystem::path& path, std::uint64_t limit) {
    const auto tried = "read " + path.string();
    std::error_code code;
    const auto size = std::filesystem::file_size(path, code);
    if (code) {
        return fail(ErrorKind::not_found, tried, code.message());
    }
    if (size > limit) {
        return fail(ErrorKind::unavailable,
                    tried,
                    fmt::format("{} bytes, the limit is {}", size, limit),
                    "record a shorter run");
    }
    std::vector<std::byte> bytes(size);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) {
        return fail(ErrorKind::unavailable, tried, "cannot be read");
    }
    return parse_trace(std::move(bytes));
}

TraceEncoder::TraceEncoder(const TraceHeader& header, wire::Buffer& to) {
    const auto start = to.size();
    to.resize(start + head_size);
    const std::span head(to.data() + start, head_size);
    wire::store_le(head, trace_magic);
    wire::store_le(head.subspan(8), trace_version);
    wire::store_le(head.subspan(12), header.atom);
    wire::store_le(head.subspan(16), header.disk_size);
    wire::store_le(head.subspan(24), header.base_stamp);
    chain_ = link(chain_, head, {});
    wire::store_le(head.subspan(checked_size), chain_);
}

void TraceEncoder::encode(const TraceEvent& event, wire::Buffer& to) {
    const auto start = to.size();
    to.resize(start + head_size);
    const std::span head(to.data() + start, head_size);
    head[0] = static_cast<std::byte>(event.type);
    head[1] = static_cast<std::byte>(event.fua ? 1 : 0);
    wire::store_le(head.subspan(2), event.error);
    wire::store_le(head.subspan(4), static_cast<std::uint32_t>(event.data.size()));
    wire::store_le(head.subspan(8), event.request);
    wire::store_le(head.subspan(16), event.offset);
    wire::store_le(head.subspan(24), event.length);
    wire::store_le(head.subspan(32), event.time);
    chain_ = link(chain_, head, event.data);
    wire::store_le(head.subspan(checked_size), chain_);
}

wire::Buffer encode_trace(const TraceHeader& header, const std::vector<TraceEvent>& events) {
    wire::Buffer bytes;
    TraceEncoder encoder(header, bytes);
    for (const auto& event : events) {
        encoder.encode(event, bytes);
        bytes.insert(bytes.end(), event.data.begin(), event.data.end());
    }
    return bytes;
}

std::uint64_t sparse_stamp(wire::ByteView bytes, std::uint64_t first_sector) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + sector_size <= bytes.size(); at += sector_size) {
        const auto sector = bytes.subspan(at, sector_size);
        if (std::ranges::any_of(sector, [](std::byte byte) { return byte != std::byte{0}; })) {
            sum += placed(stamp_of(sector.data()), first_sector + at / sector_size);
        }
    }
    return sum;
}

}  // namespace ordeal::verifier::crash
