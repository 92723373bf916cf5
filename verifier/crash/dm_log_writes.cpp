#include "verifier/crash/dm_log_writes.hpp"

#include "verifier/crash/image_view.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <unordered_map>

namespace ordeal::verifier::crash {
namespace {

constexpr std::uint64_t log_magic = 0x6a736677736872;
constexpr std::uint64_t log_version = 1;
constexpr std::size_t entry_size = 32;
constexpr std::size_t entries_at = 16, sector_size_at = 24;
constexpr std::uint64_t flush_flag = 1, fua_flag = 2, discard_flag = 4, mark_flag = 8,
                        metadata_flag = 16;

/// Appends entries and counts what does not fit.
class Exporter {
  public:
    Exporter() : bytes_(sector_size) {
        wire::store_le(bytes_, log_magic);
        wire::store_le(std::span(bytes_).subspan(8), log_version);
        wire::store_le(std::span(bytes_).subspan(sector_size_at),
                       static_cast<std::uint32_t>(sector_size));
    }

    void write(const TraceEvent& event) {
        const auto fua = event.fua ? fua_flag : 0;
        if (event.type == EventType::discard) {
            entry(event.offset, event.length, discard_flag | fua, {}, 0);
            return;
        }
        entry(event.offset, event.length, fua, {}, 0);
        bytes_.insert(bytes_.end(), event.data.begin(), event.data.end());
        bytes_.resize(bytes_.size() + event.length - event.data.size());  // zeroes
    }

    void flush() { entry(0, 0, flush_flag, {}, 0); }

    /// False: it does not fit beside its entry.
    bool mark(wire::ByteView data) {
        if (data.size() > sector_size - entry_size) {
            return false;
        }
        entry(0, 0, mark_flag, data, data.size());
        return true;
    }

    std::vector<std::byte> finish() {
        wire::store_le(std::span(bytes_).subspan(entries_at), entries_);
        return std::move(bytes_);
    }

  private:
    void entry(std::uint64_t offset,
               std::uint64_t length,
               std::uint64_t flags,
               wire::ByteView inline_data,
               std::uint64_t data_length) {
        const auto start = bytes_.size();
        bytes_.resize(start + sector_size);
        const auto head = std::span(bytes_).subspan(start);
        wire::store_le(head, offset / sector_size);
        wire::store_le(head.subspan(8), length / sector_size);
        wire::store_le(head.subspan(16), flags);
        wire::store_le(head.subspan(24), data_length);
        std::ranges::copy(inline_data, head.subspan(entry_size).begin());
        ++entries_;
    }

    std::vector<std::byte> bytes_;
    std::uint64_t entries_ = 0;
};

struct Entry {
    std::uint64_t offset = 0;  ///< bytes
    std::uint64_t length = 0;
    std::uint64_t flags = 0;
    wire::ByteView data;
};

/// Walks over the entries of a log, believing nothing.
class Importer {
  public:
    Importer(wire::ByteView bytes, std::uint64_t disk_size)
        : bytes_(bytes),
          disk_size_(disk_size),
          unit_(wire::load_le<std::uint32_t>(bytes.subspan(sector_size_at))),
          at_(unit_) {}

    [[nodiscard]] std::uint64_t at() const { return at_; }

    [[nodiscard]] bool usable() const {
        return (unit_ == 512 || unit_ == 4096) && bytes_.size() >= unit_;
    }

    /// The next entry; false when what follows is none, or not all of it.
    bool next(Entry& entry) {
        if (bytes_.size() - at_ < unit_) {
            return false;
        }
        const auto head = bytes_.subspan(at_, unit_);
        const auto first = wire::load_le<std::uint64_t>(head);
        const auto count = wire::load_le<std::uint64_t>(head.subspan(8));
        const auto size = wire::load_le<std::uint64_t>(head.subspan(24));
        entry.flags = wire::load_le<std::uint64_t>(head.subspan(16));
        const auto most = disk_size_ / unit_;
        const bool nothing = count == 0 && (entry.flags & (flush_flag | mark_flag)) == 0;
        constexpr auto known = flush_flag | fua_flag | discard_flag | mark_flag | metadata_flag;
        if (nothing || first > most || count > most - first || (entry.flags & ~known) != 0) {
            return false;
        }
        entry.offset = first * unit_;
        entry.length = count * unit_;
        return take_data(entry, head, size);
    }

  private:
    bool take_data(Entry& entry, wire::ByteView head, std::uint64_t size) {
        at_ += unit_;
        if ((entry.flags & mark_flag) != 0) {
            entry.data =
                head.subspan(entry_size, std::min<std::uint64_t>(size, unit_ - entry_size));
            return true;
        }
        if ((entry.flags & discard_flag) != 0) {
            entry.data = {};
            return true;
        }
        if (bytes_.size() - at_ < entry.length) {
            at_ -= unit_;
            return false;
        }
        entry.data = bytes_.subspan(at_, entry.length);
        at_ += entry.length;
        return true;
    }

    wire::ByteView bytes_;
    std::uint64_t disk_size_;
    std::uint64_t unit_;
    std::uint64_t at_;
};

/// Each request completes at once.
class Serial {
  public:
    void add(const Entry& entry) {
        if ((entry.flags & mark_flag) != 0) {
            events_.push_back({.type = EventType::mark, .time = time(), .data = entry.data});
            return;
        }
        if ((entry.flags & flush_flag) != 0) {
            request({.type = EventType::flush});
        }
        const bool discard = (entry.flags & discard_flag) != 0;
        const bool fua = (entry.flags & fua_flag) != 0;
        // One event holds only so much.
        for (std::uint64_t done = 0; done < entry.length;) {
            const auto take = std::min<std::uint64_t>(entry.length - done, max_trace_data);
            request({.type = discard ? EventType::discard : EventType::write,
                     .fua = fua,
                     .offset = entry.offset + done,
                     .length = take,
                     .data = discard ? wire::ByteView{} : entry.data.subspan(done, take)});
            done += take;
        }
    }

    [[nodiscard]] const std::vector<TraceEvent>& events() const { return events_; }

  private:
    void request(TraceEvent issue) {
        issue.request = ++requests_;
        issue.time = time();
        events_.push_back(issue);
        events_.push_back(
            {.type = EventType::completion, .request = requests_, .time = issue.time});
    }

    /// The log has no times; this keeps the order.
    [[nodiscard]] std::uint64_t time() const { return events_.size() * 1000; }

    std::vector<TraceEvent> events_;
    std::uint64_t requests_ = 0;
};

}  // namespace

DmLog export_dm_log_writes(const Trace& trace) {
    std::unordered_map<std::uint64_t, bool> good;  // by request
    for (const auto& event : trace.events) {
        if (event.type == EventType::completion) {
            good[event.request] = event.error == 0;
        }
    }
    std::unordered_map<std::uint64_t, const TraceEvent*> open;
    Exporter log;
    std::uint64_t lost = 0;
    std::uint64_t marks = 0;
    bool cache_changed = false;
    for (const auto& event : trace.events) {
        const auto known = good.find(event.request);
        const bool counts = known != good.end() && known->second;
        switch (event.type) {
            case EventType::completion:
                if (const auto node = open.extract(event.request); node && counts) {
                    log.write(*node.mapped());
                }
                break;
            case EventType::flush:
                if (counts) {
                    log.flush();
                }
                break;
            case EventType::mark:
                marks += log.mark(event.data) ? 0 : 1;
                break;
            case EventType::write_cache:
                cache_changed = true;
                break;
            default:
                open[event.request] = &event;
                lost += counts ? 0 : 1;
        }
    }
    DmLog out{log.finish(),
              {"the log tells no issue from completion: overlapping writes have one order"}};
    if (lost != 0) {
        out.caveats.push_back(
            fmt::format("{} writes that never completed are not in the log", lost));
    }
    if (marks != 0) {
        out.caveats.push_back(fmt::format("{} marks were too long for the log", marks));
    }
    if (cache_changed) {
        out.caveats.emplace_back("the log cannot say that the write cache was switched");
    }
    return out;
}

bool is_dm_log_writes(wire::ByteView bytes) {
    return bytes.size() >= entry_size && wire::load_le<std::uint64_t>(bytes) == log_magic;
}

Result<Trace> import_dm_log_writes(wire::ByteView bytes, std::uint64_t disk_size) {
    const auto wrong = [](std::string_view what, std::uint64_t at) {
        return fail(ErrorKind::corrupt,
                    "read the dm-log-writes log",
                    fmt::format("{} at byte {}", what, at));
    };
    if (!is_dm_log_writes(bytes) || wire::load_le<std::uint64_t>(bytes.subspan(8)) != log_version) {
        return wrong("no log of version 1", 0);
    }
    Importer log(bytes, disk_size);
    if (!log.usable()) {
        return wrong("impossible sector size", sector_size_at);
    }
    const auto counted = wire::load_le<std::uint64_t>(bytes.subspan(entries_at));
    Serial serial;
    std::uint64_t entries = 0;
    for (Entry entry; log.next(entry); ++entries) {
        serial.add(entry);
    }
    if (entries < counted) {
        return wrong(fmt::format("entry {} of {} is cut or impossible", entries, counted),
                     log.at());
    }
    auto trace = parse_trace(encode_trace({.disk_size = disk_size}, serial.events()));
    if (!trace) {
        return trace.error();
    }
    trace->caveats = {
        "imported from dm-log-writes, which has completions only: writes that were in flight and "
        "never completed are missing, overlapping ones have one order",
        "a log made by QEMU's blklogwrites puts writes that were in flight when a flush was issued "
        "before that flush, and so takes them for safe: states that are possible are missing"};
    if (entries > counted) {
        trace->caveats.push_back(fmt::format(
            "{} entries lie behind those that the log's head counts", entries - counted));
    }
    return std::move(trace.value());
}

Result<Trace> read_recording(const std::filesystem::path& path, std::uint64_t disk_size) {
    std::array<std::byte, entry_size> head{};
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
    if (!file || !is_dm_log_writes(head)) {
        return read_trace(path);
    }
    std::error_code code;
    std::vector<std::byte> bytes(std::filesystem::file_size(path, code));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (code || !file) {
        return fail(ErrorKind::unavailable, "read " + path.string(), "cannot be read");
    }
    return import_dm_log_writes(bytes, disk_size);
}

}  // namespace ordeal::verifier::crash
