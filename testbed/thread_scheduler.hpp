#pragma once

#include "core/scheduler.hpp"

#include <condition_variable>
#include <mutex>
#include <vector>

namespace ordeal {

/// Real threads and the monotonic clock. Deadlines are absolute, so waits do not drift; a stop ends
/// a wait at once. Thread-safe. Must outlive its tasks.
///
/// `notify()` looks at every waiter's `ready` itself and wakes only those for whom it holds: with
/// many probes and frequent heartbeats, waking them all would cost the controller most of its time.
/// Hence the caller of `notify()` must hold no lock that a `ready` takes.
class ThreadScheduler final : public Scheduler {
  public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] WallTime wall() const override;
    Woken wait_until(Instant deadline,
                     const std::stop_token& stop,
                     const std::function<bool()>& ready = {}) override;
    void notify() override;
    [[nodiscard]] std::unique_ptr<Task> spawn(
        std::string name, std::function<void(const std::stop_token&)> body) override;

  private:
    struct Waiter;

    const std::chrono::steady_clock::time_point epoch_ = std::chrono::steady_clock::now();
    std::mutex mutex_;
    std::vector<Waiter*> waiters_;  ///< those with a `ready`; each lives in its wait_until
};

}  // namespace ordeal
