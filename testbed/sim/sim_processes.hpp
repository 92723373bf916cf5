#pragma once

#include "core/testbed.hpp"
#include "testbed/sim/sim_agenda.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace ordeal {

/// The process table of one simulated machine. A process that ended is gone at once (no zombies).
class SimProcesses {
  public:
    explicit SimProcesses(SimAgenda& agenda) : agenda_(agenda) {}

    /// `on_end` is called once, when the process has gone for whatever reason.
    ProcessRef launch(std::function<void()> on_end);
    void end(const ProcessRef& process);
    void end_all();
    /// The share of one processor that it uses while it is not stopped.
    void set_load(const ProcessRef& process, double share);
    /// Deadly signals take a millisecond; of a stopped process only kill and cont are noticed.
    void signal(const ProcessRef& process, Signal signal);

    /// Frozen, or kept to a share of the processors, whatever it wants. Nothing when it is gone.
    void confine(const ProcessRef& process, const Confinement& confinement);
    void release(const ProcessRef& process);
    /// `not_found` when it is not confined.
    [[nodiscard]] Result<Confined> confined(const ProcessRef& process) const;

    [[nodiscard]] bool has(const ProcessRef& process) const { return find(process) != nullptr; }

    /// By a signal or by its control group: it executes nothing.
    [[nodiscard]] bool stopped(const ProcessRef& process) const;
    /// `not_found` when it is gone or the pid belongs to another by now.
    [[nodiscard]] Result<ProcessStatus> status(const ProcessRef& process) const;

  private:
    struct Process {
        ProcessRef ref;
        bool stopped = false;
        double share = 0;
        std::optional<Confinement> confinement;
        Instant confined_since{};
        Duration cpu_time{};
        Instant counted_to{};
        std::function<void()> on_end;
    };

    [[nodiscard]] const Process* find(const ProcessRef& process) const;
    [[nodiscard]] Process* find(const ProcessRef& process);
    [[nodiscard]] Duration cpu_time(const Process& process) const;
    void count(Process& process) const;

    SimAgenda& agenda_;
    std::int64_t last_pid_ = 100;
    std::map<std::int64_t, Process> processes_;
};

}  // namespace ordeal
