#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

/// What is behind a domain's disks, as far as faults act on it.
namespace ordeal {

/// A process that cannot be mistaken for a later one with the same pid.
struct ProcessRef {
    std::int64_t pid = 0;           ///< as the host's own tools see it
    std::uint64_t start_ticks = 0;  ///< field 22 of /proc/<pid>/stat, see proc(5)
};

/// One disk of a domain.
struct DiskName {
    std::string host;
    std::string domain;  ///< the name that libvirt knows
    std::string disk;    ///< DiskSpec::name
};

enum class DiskEffect {
    error,  ///< the request fails and changes nothing
    hang,   ///< it is answered when the fault is lifted
    delay,  ///< it is done after the delay
    lose,   ///< a flush, or a write that must be durable, is answered and nothing is made durable
    spoil,  ///< one bit of what is read or written is turned round
    tear    ///< of a write of several sectors the first half is done, and it is answered
};

/// What QEMU is told. NBD has no "read-only file system": EROFS arrives as EPERM.
enum class DiskError { input_output, no_space, read_only };

/// What a disk does to the requests it meets.
struct DiskFault {
    bool reads = false;
    bool writes = false;
    bool flushes = false;
    DiskEffect effect = DiskEffect::error;
    DiskError error = DiskError::input_output;
    Duration delay{};
    double rate = 1;         ///< share of the requests that it meets, in (0, 1]
    std::uint64_t from = 0;  ///< bytes; reads and writes that touch [from, to) are met
    std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
};

/// What a disk says of a fault.
struct DiskFaultState {
    bool imposed = false;
    std::uint64_t met = 0;  ///< requests that it acted on so far
};

/// The servers behind disks whose `backing` is not "file". Thread-safe. Works in a fresh process.
/// `not_found`: there is no such disk, or it is a plain file that nobody serves.
class Storage {
  public:
    virtual ~Storage() = default;

    /// Imposes a fault under a name of its own, replacing one of the same name.
    virtual Status impose(const DiskName& disk, const std::string& id, const DiskFault& fault) = 0;
    /// Success also when there is no such fault or no such disk any more.
    virtual Status lift(const DiskName& disk, const std::string& id) = 0;
    /// What the disk itself reports; a disk that is gone imposes nothing.
    virtual Result<DiskFaultState> fault_state(const DiskName& disk, const std::string& id) = 0;

    /// The process that serves the disk; none when it does not run.
    virtual Result<std::optional<ProcessRef>> server(const DiskName& disk) = 0;
    /// Starts it unless it runs, and waits until it listens.
    virtual Status start_server(const DiskName& disk) = 0;

    /// Puts a mark (core/wire_mark.hpp) behind all that the disk's recording holds so far: what the
    /// marker knew to be complete is before it. Blocks for a short time only. Errors: not_found
    /// (nobody records the disk), unavailable, timeout.
    virtual Status mark(const DiskName& disk, std::span<const std::byte> bytes) = 0;
};

}  // namespace ordeal
