#pragma once

#include "testbed/sim/sim_scheduler.hpp"

#include <functional>
#include <map>
#include <memory>

namespace ordeal {

/// What the simulated world is going to do of its own accord, run by one task in the order of
/// instants. Actions must not wait.
class SimAgenda {
  public:
    explicit SimAgenda(SimScheduler& scheduler);

    void after(Duration delay, std::function<void()> action);

    [[nodiscard]] SimScheduler& scheduler() const { return scheduler_; }

    [[nodiscard]] Instant now() const { return scheduler_.now(); }

  private:
    void run(const std::stop_token& stop);

    SimScheduler& scheduler_;
    std::multimap<Instant, std::function<void()>> actions_;
    std::unique_ptr<Task> task_;
};

}  // namespace ordeal
