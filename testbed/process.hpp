#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/units.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace ordeal {

/// Program and arguments; no shell in between. A program without '/' is looked up in PATH, then
/// /usr/sbin and /sbin.
using Argv = std::vector<std::string>;

/// How a process ended: an exit code, or the signal that killed it.
struct Exit {
    int code = 0;    ///< meaningful when signal is 0
    int signal = 0;  ///< 0: it exited by itself

    [[nodiscard]] bool success() const { return code == 0 && signal == 0; }

    /// "exit code 3", "killed by signal 9 (Killed)".
    [[nodiscard]] std::string text() const;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// Every started process runs in its own session and process group, with default signal dispositions
// and nothing open but 0, 1 and 2.

/// What becomes of processes that a program has put into the background when it ends.
enum class Background { killed, kept };

struct RunOptions {
    std::string input = {};  ///< what the program reads on stdin
    Duration deadline = std::chrono::seconds(30);
    Bytes output_limit{std::uint64_t{4} << 20};  ///< of each stream; the rest is read and dropped
    Environment env = {};                        ///< added to ours, or replacing
    std::filesystem::path cwd = {};              ///< empty: ours
    pid_t inside = 0;  ///< enter mount, pid, uts, ipc, net namespaces and root of this process
    std::stop_token stop = {};
    Background background = Background::killed;  ///< kept: for starting daemons
};

struct Output {
    Exit exit;
    std::string out;
    std::string err;
    bool truncated = false;  ///< a stream had more than output_limit
    Duration wall{};
};

/// Runs a program to its end. A program that ran is a success here, whatever its exit code.
/// At the deadline, on stop, and also after a normal end (see Background), everything left in its
/// process group is killed.
/// Errors: missing (no such program; the hint names the Debian package), timeout (answer: what it
/// said last), unavailable (stopped, or the namespaces of `inside` are gone). Thread-safe.
[[nodiscard]] Result<Output> run(const Argv& argv, const RunOptions& options = {});

/// run(), where anything but exit code 0 is an Error too (answer: the exit and its last words).
/// Returns stdout.
[[nodiscard]] Result<std::string> run_or_fail(const Argv& argv, const RunOptions& options = {});

/// Command line for people: quoted only where needed.
[[nodiscard]] std::string to_text(const Argv& argv);

struct ChildOptions {
    std::filesystem::path log = {};  ///< stdout and stderr are appended here; empty: /dev/null
    Fd input = {};                   ///< stdin; none: /dev/null
    Environment env = {};            ///< as in RunOptions
    std::filesystem::path cwd = {};
    pid_t inside = 0;
};

/// A long-running process that we started. Destroying the handle kills its process group and reaps
/// it, unless release() was called. Not thread-safe; move-only.
class Child {
  public:
    [[nodiscard]] static Result<Child> spawn(const Argv& argv, ChildOptions options = {});

    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child();

    /// As seen from our pid namespace, also when it runs inside another one.
    [[nodiscard]] pid_t pid() const { return pid_; }

    /// False once it has ended, reaped or not.
    [[nodiscard]] bool alive() const;

    /// Waits for its end and reaps it; timeout when it still runs after `deadline`.
    [[nodiscard]] Result<Exit> wait(Duration deadline, const std::stop_token& stop = {});

    /// SIGTERM to the group, SIGKILL after `patience`, then reap. Fine on an ended process.
    [[nodiscard]] Result<Exit> stop(Duration patience = std::chrono::seconds(2));

    /// Gives up ownership: the process lives on, and nobody here reaps it.
    void release();

  private:
    Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

    void kill_now() noexcept;

    pid_t pid_ = -1;
    Fd pidfd_;
    std::optional<Exit> exit_;
};

}  // namespace ordeal
