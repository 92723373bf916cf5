#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/testbed.hpp"
#include "core/units.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

/// Processes as proc(5) shows them. A zombie is gone: it can neither act nor be signalled with any
/// effect, so everything here answers `not_found` for it. Thread-safe: no state.
namespace ordeal {

struct ProcessInfo {
    ProcessRef ref;
    std::string name;     ///< comm, at most 15 characters
    char state = '?';     ///< R, S, D, T, t, I, …
    Duration cpu_time{};  ///< user + system of all threads; resolution 1/sysconf(_SC_CLK_TCK)
    int threads = 0;
    pid_t session = 0;
    std::vector<pid_t> pids;  ///< NSpid: the pid in each namespace from ours to its own
};

/// `proc` is where a procfs is mounted: a node's own view is /proc/<init>/root/proc.
[[nodiscard]] Result<ProcessInfo> process_info(pid_t pid,
                                               const std::filesystem::path& proc = "/proc");

/// The present process with this pid.
[[nodiscard]] Result<ProcessRef> process_ref(pid_t pid);

/// `not_found` when it is gone or the pid belongs to a later process.
[[nodiscard]] Result<ProcessStatus> process_status(const ProcessRef& process);

/// CPU time of each thread that executes a guest's instructions, in nanoseconds, as QEMU names them
/// when libvirt has it name its threads ("CPU 0/KVM"). Errors: not_found (gone); missing (no such
/// thread).
[[nodiscard]] Result<std::vector<Duration>> vcpu_times(const ProcessRef& qemu);

/// Everything alive in the pid namespace of `member` (itself too), in any order. Processes that
/// end meanwhile are left out.
[[nodiscard]] Result<std::vector<ProcessInfo>> processes_with(pid_t member);

/// The process that has pid `inner` in the pid namespace of `member`.
[[nodiscard]] Result<ProcessInfo> process_inside(pid_t member, pid_t inner);

/// The same for a process in a pid namespace right below that of `member`, which has its pids too.
[[nodiscard]] Result<ProcessInfo> process_below(pid_t member, pid_t inner);

/// Sends a signal through a pidfd after comparing the start time, so that a reused pid is never
/// hit. `not_found` when the process is gone, `refused` without privilege.
[[nodiscard]] Status send_signal(const ProcessRef& process, Signal signal);

/// Keeps hold of a process, so that whether it lives is one cheap question: reading
/// /proc/<pid>/stat adds up all its threads.
class ProcessHold {
  public:
    ProcessHold() = default;
    /// `not_found` when it is gone.
    [[nodiscard]] static Result<ProcessHold> open(const ProcessRef& process);

    /// False for one that ended, also while its parent has not heard of it; and for none.
    [[nodiscard]] bool alive() const;

    [[nodiscard]] const ProcessRef& ref() const { return ref_; }

  private:
    ProcessHold(ProcessRef ref, Fd handle) : ref_(ref), handle_(std::move(handle)) {}

    ProcessRef ref_;
    Fd handle_;  ///< pidfd_open(2)
};

/// Waits until the process is gone (at once if it is already), or `timeout`.
[[nodiscard]] Status wait_gone(const ProcessRef& process, Duration deadline);

}  // namespace ordeal
