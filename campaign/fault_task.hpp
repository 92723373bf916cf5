#pragma once

#include "campaign/trial_recorder.hpp"
#include "campaign/undo_journal.hpp"
#include "core/injector.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace ordeal {

/// What a fault needs of its trial. All must outlive the task.
struct FaultWorld {
    Testbed& testbed;
    Scheduler& scheduler;
    TrialRecorder& recorder;
    UndoJournal& journal;
    /// Whether somebody will undo should this process die. Asked right before each injection.
    const std::function<Status()>& armed;
};

/// What to do, and when.
struct FaultOrder {
    Fault fault;
    std::string target;        ///< the name in the experiment, for the history
    bool leaves_trace = true;  ///< false: nothing to heal, by the undo class "none"
    Duration hold{};
    Duration healing = std::chrono::seconds(10);  ///< how long one attempt may take
    Guest* guest = nullptr;  ///< the target's doors, nullptr for faults of a host
};

/// One fault of a trial, from preparation to the look for its residue. `prepare` and `run` are
/// called by one task; the rest by anybody.
class FaultTask {
  public:
    FaultTask(FaultWorld& world, std::unique_ptr<Injector> injector, FaultOrder order);

    /// Reads what the injection and its undoing need. Called by `run` in good time, unless it was
    /// called before.
    Status prepare();
    /// Injects at the instant, observes, holds, heals, looks for residue. A stop before the
    /// injection leaves it out, a later one shortens the holding; healing is always done. Failures
    /// are in the history and in `outcome`.
    void run(Instant at, const std::stop_token& stop);
    /// Instead of `run`: it does not come, for what it waited for did not.
    void leave_out(const Error& why);
    /// Heals (again) and looks for residue. Idempotent; after the domain is gone, too.
    void heal();

    struct Outcome {
        bool ended = false;
        bool injected = false;  ///< the deed was done, or may have been
        Presence activation = Presence::unknown;
        bool residue = false;           ///< something is, or may be, left
        std::optional<Instant> healed;  ///< scheduler time; none: nothing to heal
        std::string trouble;  ///< why it says nothing about the system; empty: all is well
    };

    [[nodiscard]] Outcome outcome() const;

    [[nodiscard]] const FaultOrder& order() const { return order_; }

  private:
    [[nodiscard]] InjectorContext context(const std::stop_token& stop, Duration allowance);
    bool inject(Instant at, const std::stop_token& stop);
    void observe(const std::stop_token& stop);
    [[nodiscard]] Observation look_until(Presence wanted,
                                         const std::stop_token& stop,
                                         Duration allowance);
    void withdraw();
    void failed(const std::string& step, const Error& error);
    void record(std::string_view kind, Fields data = {});
    void update(const std::function<void(Outcome&)>& change);

    FaultWorld& world_;
    const std::unique_ptr<Injector> injector_;
    FaultOrder order_;
    Fields met_;  ///< by the injection, for the observation
    bool prepared_ = false;
    std::optional<std::int64_t> announced_;
    mutable std::mutex mutex_;
    Outcome outcome_;
};

}  // namespace ordeal
