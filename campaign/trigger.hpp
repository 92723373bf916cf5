#pragma once

#include "core/event.hpp"
#include "core/experiment.hpp"

#include <mutex>
#include <optional>

namespace ordeal {

/// Looks in a trial's history for what a fault waits for. Thread-safe.
class Trigger {
  public:
    explicit Trigger(TriggerSpec spec) : spec_(std::move(spec)) {}

    /// The history's next event. True when it is the one that was waited for.
    bool see(const Event& event);

    /// When it came, in trial time.
    [[nodiscard]] std::optional<Instant> met() const;

    /// What it waits for, for messages: "500 acknowledged records of vm".
    [[nodiscard]] std::string text() const;

  private:
    [[nodiscard]] bool matches(const Event& event);

    const TriggerSpec spec_;
    mutable std::mutex mutex_;
    std::int64_t acknowledged_ = 0;
    std::optional<Instant> met_;
};

}  // namespace ordeal
