#pragma once

#include "core/units.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace ordeal {

/// The stop of work that outlives every stop: healing, tearing down, rolling back.
inline const std::stop_token never_stopped;

/// Why a wait ended.
enum class Woken { ready, deadline, stopped };

/// A running task. Its destructor asks it to stop and waits for its end.
class Task {
  public:
    virtual ~Task() = default;
    virtual void request_stop() = 0;
    /// Blocks until the task has ended. The caller waits through the scheduler, so that virtual
    /// time goes on.
    virtual void join() = 0;
};

/// Time and tasks, as one seam: real threads and the monotonic clock, or a simulation in which
/// exactly one task runs at a time and time jumps to the next deadline when all of them wait.
///
/// Rule for all code above the seam: block only in `wait_until`, hold no lock while in it.
class Scheduler {
  public:
    virtual ~Scheduler() = default;

    /// Monotonic time since some fixed moment before the first call.
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall() const = 0;

    /// Blocks until `ready()` holds, `deadline` has come or a stop is requested, checked in this
    /// order. `ready` is evaluated at the start, after each `notify()`, and at the deadline; it
    /// must be cheap, must not block and may be called from any thread. Without `ready` only
    /// deadline and stop count.
    virtual Woken wait_until(Instant deadline,
                             const std::stop_token& stop,
                             const std::function<bool()>& ready = {}) = 0;

    /// Tells waiters that something their `ready` looks at may have changed. Cheap; callable from
    /// anywhere, but with no lock held that a `ready` takes: it may be evaluated right here.
    virtual void notify() = 0;

    /// Starts `body` as a task of its own. `name` is for people (logs, debuggers).
    [[nodiscard]] virtual std::unique_ptr<Task> spawn(
        std::string name, std::function<void(const std::stop_token&)> body) = 0;

    Woken wait_for(Duration duration,
                   const std::stop_token& stop,
                   const std::function<bool()>& ready = {}) {
        return wait_until(now() + duration, stop, ready);
    }
};

}  // namespace ordeal
