#pragma once

#include "core/result.hpp"
#include "core/units.hpp"
#include "core/wire.hpp"
#include "core/wire_ledger.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What the controller and the agent say to each other. A message's type on the wire is its index
/// in `Message`, its payload its fields in the order of fields(): numbers little-endian, texts and
/// lists with a u32 count before them. Change either and protocol_version rises.
///
/// `request` numbers a question and comes back in its answer; 0 means nobody asked.
namespace ordeal::wire {

enum class LoadState : std::uint8_t {
    idle,      ///< none since the agent started
    starting,  ///< files are being prepared
    running,
    finished,  ///< stopped, or the count was reached; nothing is in flight
    failed     ///< a writer got an error; the others were stopped
};

[[nodiscard]] std::string_view name_of(LoadState state);

// Agent to controller ---------------------------------------------------------------------------

/// Opens a session: sent when the controller connects and when it asks.
struct Hello {
    std::uint32_t request = 0;
    std::string agent_version;
    std::string kernel;   ///< release of the guest's kernel
    std::string boot_id;  ///< another one means that the guest booted again
    /// What the agent can do here: "load.append_fsync", "fault.panic", "clock", "udp"…
    std::vector<std::string> capabilities;

    static void fields(auto& m, auto&& visit) {
        visit(m.request, m.agent_version, m.kernel, m.boot_id, m.capabilities);
    }
};

/// The proof of life; the same over virtio-serial and UDP, counted separately.
struct Heartbeat {
    std::uint64_t number = 0;  ///< from 0 since the agent started; one may be left out, see below
    Duration uptime{};         ///< guest CLOCK_BOOTTIME when it was sent
    Duration interval{};       ///< to the next one
    std::string boot_id;
    LoadState load = LoadState::idle;
    std::uint64_t intended = 0;      ///< records begun by the present load
    std::uint64_t acknowledged = 0;  ///< records whose fsync returned
    std::uint64_t skipped = 0;       ///< heartbeats not sent because the port took no more
    std::uint64_t problems = 0;      ///< malformed frames received

    static void fields(auto& m, auto&& visit) {
        visit(m.number,
              m.uptime,
              m.interval,
              m.boot_id,
              m.load,
              m.intended,
              m.acknowledged,
              m.skipped,
              m.problems);
    }
};

inline constexpr std::size_t max_acknowledged = 1024;

/// Records that are durable, in the order in which their fsync returned.
struct Acknowledged {
    std::uint64_t run = 0;
    std::vector<std::uint64_t> sequences;  ///< 1 to max_acknowledged of them, each >= 1

    static void fields(auto& m, auto&& visit) { visit(m.run, m.sequences); }
};

/// Answers LoadStatusRequest; also sent unasked when a load ends.
struct LoadStatus {
    std::uint32_t request = 0;
    std::uint64_t run = 0;
    LoadState state = LoadState::idle;
    std::uint64_t intended = 0;
    std::uint64_t acknowledged = 0;
    std::string error;  ///< of the first writer that failed: "fsync append-0: Input/output error"

    static void fields(auto& m, auto&& visit) {
        visit(m.request, m.run, m.state, m.intended, m.acknowledged, m.error);
    }
};

/// The guest's clocks, read one right after the other.
struct ClockReading {
    std::uint32_t request = 0;
    std::uint64_t token = 0;  ///< of the request
    Duration realtime{};      ///< since 1970
    Duration monotonic{};
    Duration boottime{};

    static void fields(auto& m, auto&& visit) {
        visit(m.request, m.token, m.realtime, m.monotonic, m.boottime);
    }
};

/// Answers what has no answer of its own, and every request that failed.
struct Reply {
    std::uint32_t request = 0;
    std::string error;  ///< empty: done

    static void fields(auto& m, auto&& visit) { visit(m.request, m.error); }
};

enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct LogLine {
    LogLevel level = LogLevel::info;
    std::string text;

    static void fields(auto& m, auto&& visit) { visit(m.level, m.text); }
};

/// What the guest's kernel thinks of a disk: sent for each when a session opens, and when it
/// changed.
struct WriteCache {
    std::string device;  ///< "vda"
    std::string mode;    ///< the kernel's word in queue/write_cache: "write back", "write through"

    static void fields(auto& m, auto&& visit) { visit(m.device, m.mode); }
};

// Controller to agent ---------------------------------------------------------------------------

/// Asks for a Hello and restarts the sequences of both directions.
struct HelloRequest {
    std::uint32_t request = 0;

    static void fields(auto& m, auto&& visit) { visit(m.request); }
};

/// Starts a ledger load in a directory that must not exist yet; its parent must. Answered by Reply
/// once the files are prepared and durable. One load at a time.
struct LoadStart {
    std::uint32_t request = 0;
    std::string directory;
    ledger::Plan plan;
    std::uint32_t rate_limit = 0;   ///< records a second and writer; 0: none
    std::uint64_t count_limit = 0;  ///< records in all; 0: until stopped

    static void fields(auto& m, auto&& visit) {
        visit(m.request, m.directory, m.plan, m.rate_limit, m.count_limit);
    }
};

/// Answered by LoadStatus when no write is in flight any more.
struct LoadStop {
    std::uint32_t request = 0;

    static void fields(auto& m, auto&& visit) { visit(m.request); }
};

struct LoadStatusRequest {
    std::uint32_t request = 0;

    static void fields(auto& m, auto&& visit) { visit(m.request); }
};

struct ClockRead {
    std::uint32_t request = 0;
    std::uint64_t token = 0;

    static void fields(auto& m, auto&& visit) { visit(m.request, m.token); }
};

struct SetHeartbeatInterval {
    std::uint32_t request = 0;
    Duration interval{};  ///< 1 ms to 1 min

    static void fields(auto& m, auto&& visit) { visit(m.request, m.interval); }
};

/// A fault that the agent or a helper of it makes. Answered by Reply: before it strikes where it
/// silences the agent, otherwise when it is there.
struct InjectFault {
    std::uint32_t request = 0;
    std::string kind;  ///< "panic", "agent_kill"…
    /// Of faults that hold for a time: "at_most" and what the fault needs. Durations are numbers of
    /// nanoseconds, sizes of bytes.
    std::vector<std::pair<std::string, std::string>> params;

    static void fields(auto& m, auto&& visit) { visit(m.request, m.kind, m.params); }
};

/// Ends a fault that the agent makes for a time; answered by Reply at once. Done when there is
/// none.
struct EndFault {
    std::uint32_t request = 0;
    std::string kind;

    static void fields(auto& m, auto&& visit) { visit(m.request, m.kind); }
};

/// Answered by GuestFacts.
struct LookRequest {
    std::uint32_t request = 0;
    std::string path;  ///< a directory on the file system that is asked about

    static void fields(auto& m, auto&& visit) { visit(m.request, m.path); }
};

/// What the guest's kernel says: by name, only what it says.
struct GuestFacts {
    std::uint32_t request = 0;
    std::vector<std::pair<std::string, std::uint64_t>> numbers;
    std::vector<std::pair<std::string, std::string>> texts;
    std::vector<std::string> faults;  ///< that the agent's helpers make now

    static void fields(auto& m, auto&& visit) { visit(m.request, m.numbers, m.texts, m.faults); }
};

/// The order is the protocol: only ever add at the end.
using Message = std::variant<Hello,
                             Heartbeat,
                             Acknowledged,
                             LoadStatus,
                             ClockReading,
                             Reply,
                             LogLine,
                             HelloRequest,
                             LoadStart,
                             LoadStop,
                             LoadStatusRequest,
                             ClockRead,
                             SetHeartbeatInterval,
                             InjectFault,
                             WriteCache,
                             EndFault,
                             LookRequest,
                             GuestFacts>;

/// The bytes of one frame. Throws std::length_error when the fields do not fit into a frame.
[[nodiscard]] Buffer encode(const Message& message, std::uint32_t sequence);

/// Reads a frame's payload. Refuses unknown types, short or overlong payloads, numbers outside
/// their enumeration and acknowledgements of record 0: ErrorKind::corrupt.
[[nodiscard]] Result<Message> decode(const Frame& frame);

/// Frames and messages in one go, for either end of a stream. Not thread-safe.
class MessageDecoder {
  public:
    using Item = std::variant<Message, Problem>;

    void feed(ByteView bytes) { frames_.feed(bytes); }

    [[nodiscard]] std::optional<Item> next();

    [[nodiscard]] std::optional<Problem> finish() { return frames_.finish(); }

  private:
    Decoder frames_;
};

}  // namespace ordeal::wire
