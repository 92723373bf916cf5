#pragma once

#include "core/scheduler.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace ordeal {

/// No task of a simulation can ever go on: each waits for something that only another could bring.
/// `what()` names the tasks. Thrown out of the wait of the thread that made the scheduler.
class SimStuck : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// Virtual time. Tasks are real threads of which exactly one runs at any moment; it hands on when
/// it waits or ends. When all wait, time jumps to the earliest deadline. Of several tasks that can
/// go on, the one with the earliest deadline does, then the one spawned first: a test gives the
/// same history every time.
///
/// The thread that made the scheduler is a task, too. No other thread may call anything but `now`,
/// `wall` and `notify`. What tasks share needs no lock of its own among them.
///
/// A task that waits without end at one instant, so that time cannot go on, aborts the program.
///
/// `ready` is evaluated only when the contract promises it, so a forgotten `notify` shows.
class SimScheduler final : public Scheduler {
  public:
    /// A deadline more than `horizon` after the start counts as never.
    explicit SimScheduler(Duration horizon = std::chrono::hours(24));
    ~SimScheduler() override;
    SimScheduler(const SimScheduler&) = delete;
    SimScheduler& operator=(const SimScheduler&) = delete;

    /// Begins at 1000 s, so that scheduler time is not mistaken for trial time.
    [[nodiscard]] Instant now() const override { return Instant(now_.load()); }

    /// Begins at 2026-01-01 00:00 UTC and goes with `now`.
    [[nodiscard]] WallTime wall() const override;

    Woken wait_until(Instant deadline,
                     const std::stop_token& stop,
                     const std::function<bool()>& ready = {}) override;

    void notify() override { ++notifications_; }

    [[nodiscard]] std::unique_ptr<Task> spawn(
        std::string name, std::function<void(const std::stop_token&)> body) override;

  private:
    struct Strand;
    class SimTask;

    struct ByDeadline {
        bool operator()(const Strand* left, const Strand* right) const;
    };

    void begin_wait(Strand& strand,
                    Instant deadline,
                    const std::stop_token& stop,
                    const std::function<bool()>* ready);
    /// Chooses the next task and lets it run; `nullptr` when none can ever run.
    Strand* choose();
    bool can_go_on(Strand& strand);
    void hand_on();
    void await_turn(Strand& strand);
    void finish(Strand& strand);
    [[nodiscard]] std::string describe_waiters() const;

    std::atomic<Instant::rep> now_;
    std::atomic<std::uint64_t> notifications_ = 0;
    const Instant horizon_;
    // All below belongs to the task that runs; the mutex only passes the turn from one to the next.
    int spawned_ = 0;
    std::unique_ptr<Strand> main_;
    std::set<Strand*, ByDeadline> waiting_;
    std::mutex turn_mutex_;
    Strand* running_;
};

}  // namespace ordeal
