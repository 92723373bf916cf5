#pragma once

#include "core/event.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal {

/// A trial's events in the order of their instants: all that checks and reports may read.
class History {
  public:
    History() = default;
    /// Sorts by instant; events of one instant keep their order.
    explicit History(std::vector<Event> events);

    [[nodiscard]] std::span<const Event> all() const { return events_; }

    [[nodiscard]] Instant end() const { return events_.empty() ? Instant{} : events_.back().at; }

    /// Events of one kind; `source` and `subject` narrow it when not empty.
    [[nodiscard]] std::vector<const Event*> of(std::string_view kind,
                                               std::string_view source = {},
                                               std::string_view subject = {}) const;
    /// The first (last) of them, or nullptr.
    [[nodiscard]] const Event* first(std::string_view kind,
                                     std::string_view source = {},
                                     std::string_view subject = {}) const;
    [[nodiscard]] const Event* last(std::string_view kind,
                                    std::string_view source = {},
                                    std::string_view subject = {}) const;

  private:
    std::vector<Event> events_;
};

/// Where the running trial writes its history. Thread-safe; one writer drains it in order of
/// arrival.
class Recorder {
  public:
    virtual ~Recorder() = default;
    /// `event.at` is the instant it happened, which may be a little before the call.
    virtual void record(Event event) = 0;
};

}  // namespace ordeal
