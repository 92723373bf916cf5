#pragma once

#include "core/scheduler.hpp"

#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace ordeal {

/// Hands out trials in their order to the slots that run them; one that must be alone waits until
/// nothing else runs, and nothing starts beside it. Thread-safe.
class Slots {
  public:
    /// `alone[i]`: trial i tolerates no other.
    Slots(Scheduler& scheduler, std::vector<bool> alone);

    /// Waits for the next trial; nothing when there is none, or on stop.
    [[nodiscard]] std::optional<std::size_t> take(const std::stop_token& stop);
    void give_back(std::size_t trial);
    /// Nothing is handed out any more.
    void close();

  private:
    [[nodiscard]] bool may_go_on() const;

    Scheduler& scheduler_;
    const std::vector<bool> alone_;
    mutable std::mutex mutex_;
    std::size_t next_ = 0;
    int running_ = 0;
    bool one_alone_ = false;
    bool closed_ = false;
};

}  // namespace ordeal
