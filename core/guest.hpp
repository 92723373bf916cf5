#pragma once

#include "core/experiment.hpp"
#include "core/fields.hpp"
#include "core/result.hpp"
#include "core/units.hpp"
#include "core/wire_ledger.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What goes on in a guest and how to get at it, besides what the testbed (core/testbed.hpp) is.
namespace ordeal {

/// Ends a subscription when destroyed; afterwards the callback is not running and never runs again.
using Subscription = std::unique_ptr<void, std::function<void(void*)>>;

/// One heartbeat as it arrived.
struct Beat {
    Instant arrived{};        ///< scheduler time of arrival
    Duration guest_uptime{};  ///< CLOCK_BOOTTIME of the guest
    std::string boot_id;
    bool load_running = false;
    bool load_failed = false;        ///< it ended by itself: a write or a flush failed
    std::uint64_t intended = 0;      ///< records begun so far, all writers
    std::uint64_t acknowledged = 0;  ///< records acknowledged so far, all writers
};

/// Records first..last of one writer were acknowledged.
struct Acknowledged {
    Instant arrived{};
    std::int64_t writer = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
};

struct Hello {
    Instant arrived{};
    std::string boot_id;
    std::string version;
    std::vector<std::string> capabilities;
};

struct ClockReading {
    Duration guest_realtime{};  ///< since the epoch
    Duration guest_boottime{};
    Duration round_trip{};  ///< of the question, on the host's clock
};

/// A load as the agent gets it.
struct LoadOrder {
    LoadSpec spec;
    std::string mount_point = "/data";
    std::uint64_t run_id = 0;
    std::uint64_t seed = 0;
    std::uint32_t slots = 256;  ///< of the profiles that overwrite; see core/wire_ledger.hpp

    /// Where the ledger is, below the mount point. One of its own for every load.
    [[nodiscard]] std::string directory() const { return "ledger-" + std::to_string(run_id); }
};

/// The ledger that the order makes. Errors: definition (no such profile, or validate()'s).
[[nodiscard]] Result<ledger::Plan> plan_of(const LoadOrder& order);

/// What the guest's kernel thinks of a disk's write cache.
struct GuestWriteCache {
    std::string device;  ///< "vda"
    std::string mode;    ///< "write back" | "write through"
};

/// What the guest's kernel says of the guest, read by the agent. What it does not say is left out.
struct GuestFacts {
    std::vector<std::string> faults;  ///< that hold now, by the agent's word for them
    std::int64_t fault_processes = 0;
    Duration fault_cpu_time{};  ///< of those that are there
    Bytes fault_written{};      ///< to disks, by those that are there
    std::int64_t runnable = 0;  ///< tasks that run or want to
    Bytes memory_available{};
    Bytes disk_free{};
    bool disk_read_only = false;
    std::string clocksource;
    std::int64_t clock_tick_us = 0;  ///< between two ticks of 100 a second, adjtimex(2); 10000
    std::int64_t oom_kills = 0;      ///< since it booted
    std::int64_t nmis = 0;           ///< since it booted, all processors
};

/// The doors into one guest: agent link, network, console. None of them goes through libvirtd.
class Guest {
  public:
    virtual ~Guest() = default;

    /// Waits for the agent's hello of the present boot (sent since the last `start` of the domain).
    virtual Result<Hello> wait_hello(Instant deadline) = 0;
    virtual Status start_load(const LoadOrder& order, Duration deadline) = 0;
    virtual Status stop_load(Duration deadline) = 0;
    virtual Result<ClockReading> read_clock(Duration deadline) = 0;
    /// Orders a guest-side fault ("panic", "agent_kill", …). Success means the agent took the
    /// order, no more; a fault that kills the guest at once never answers, so a lost link after the
    /// order is success.
    virtual Status inject(const std::string& fault, const Fields& params, Duration deadline) = 0;
    /// Has the agent end a fault that it makes for a time. Success when it makes none of this kind.
    /// It has ended once look() does not name it any more. `missing`: so by default.
    virtual Status heal(const std::string& fault, Duration deadline);
    /// What the guest's kernel says of itself, see GuestFacts. `disk` is DiskSpec::name.
    virtual Result<GuestFacts> look(const std::string& disk, Duration deadline);

    virtual Subscription on_hello(std::function<void(const Hello&)> callback) = 0;
    virtual Subscription on_beat(std::function<void(const Beat&)> callback) = 0;
    virtual Subscription on_acknowledged(std::function<void(const Acknowledged&)> callback) = 0;
    /// Once for each disk when the agent opens its session, and whenever it changed.
    virtual Subscription on_write_cache(std::function<void(const GuestWriteCache&)> callback) = 0;
    virtual Subscription on_protocol_error(std::function<void(const std::string&)> callback) = 0;
    /// Heartbeats over the guest's network (UDP), by the same agent.
    virtual Subscription on_network_beat(std::function<void(const Beat&)> callback) = 0;
    /// Complete lines of the serial console, without the line end.
    virtual Subscription on_console(std::function<void(Instant, const std::string&)> callback) = 0;

    /// One ICMP echo; the round-trip time, or `timeout`.
    virtual Result<Duration> ping(Duration deadline) = 0;
    /// Connects to a TCP port of the guest and resets the connection: how long connecting took.
    /// Errors: timeout (no answer, or no way there), refused (the guest answered: nobody listens).
    virtual Result<Duration> connect(std::uint16_t port, Duration deadline) = 0;
    /// Connects, sends `question` and reads a line of the answer, at most 200 bytes, without its
    /// end. Errors: as of connect(); unavailable (closed without a line).
    virtual Result<std::string> ask(std::uint16_t port,
                                    const std::string& question,
                                    Duration deadline) = 0;
};

}  // namespace ordeal
