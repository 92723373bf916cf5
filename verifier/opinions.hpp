#pragma once

#include "core/history.hpp"
#include "verifier/true_health.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Holding an observer's opinions against true health.
namespace ordeal::verifier {

struct Span {
    Instant from{};
    Instant to{};

    [[nodiscard]] Duration length() const { return to - from; }

    bool operator==(const Span&) const = default;
};

/// The part of the trial in which observers are judged: from the start of the domain's load (or of
/// the load phase) to the end of that phase. Later the runner itself stops what still runs. None
/// when there was no load phase.
[[nodiscard]] std::optional<Span> judged_span(const History& history, std::string_view domain);

/// What an observer should notice: that the domain is hung or dead, or also that it is degraded.
enum class Harm { outage, any };

/// A time in which the domain was harmed in that sense without a break.
struct Outage {
    Span span;               ///< from the earliest moment at which it can have begun
    Duration uncertainty{};  ///< it began at most so much later
    std::string cause;       ///< id of the fault that was injected then; may be empty
};

/// When an observer is judged, and by what.
struct Judged {
    Span span;
    Harm harm = Harm::outage;
};

struct Agreement {
    std::vector<Outage> outages;
    std::vector<Span> false_alive;  ///< said alive in an outage
    std::vector<Span> false_dead;   ///< said dead while it was serving
    Duration serving{};
    Duration unknown{};  ///< true health unknown
    bool observed = false;
    /// For each outage, from its onset to the first "dead"; none: never.
    std::vector<std::optional<Duration>> detected;
    /// For each outage, for how long of it "alive" was said.
    std::vector<Duration> said_alive;
};

/// Pure. Opinions hold until the observer says something else. Of several observers one speaks for
/// all: they say dead when any of them does, else alive when any of them does.
[[nodiscard]] Agreement compare(const History& history,
                                const std::vector<std::string>& observers,
                                std::string_view domain,
                                const HealthTimeline& health,
                                const Judged& judged);

}  // namespace ordeal::verifier
