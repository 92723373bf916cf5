#pragma once

#include "core/history.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal::reports {

/// A stretch of a trial in which one thing was said.
struct Span {
    Instant from{};
    Instant to{};
    std::string state;  ///< an opinion, or a grade of health
    std::string words;  ///< for people

    [[nodiscard]] Duration length() const { return to - from; }
};

/// What one observer said about one domain, beside what was true.
struct Lane {
    std::string observer;
    std::string domain;
    std::vector<Span> spans;
    std::vector<Span> false_alive;  ///< it said "alive" while the domain was hung or dead
    std::vector<Span> false_dead;   ///< it said "dead" while the domain was serving
    /// Those of them that began while the domain was serving; the others are late to take a true
    /// "dead" back.
    std::size_t false_alarms = 0;
    /// For each outage of the domain, from its onset to the observer's first "dead"; absent: never.
    std::vector<std::optional<Duration>> noticed;
    /// The same for each impairment.
    std::vector<std::optional<Duration>> noticed_impaired;
    /// Where it said "alive" while the service was impaired.
    std::vector<Span> alive_impaired;

    [[nodiscard]] Duration longest_false_alive() const;
    [[nodiscard]] Duration longest_false_dead() const;
};

/// A shorter impairment that no fault explains is a busy host's, not worth anybody's notice.
inline constexpr Duration shortest_unexplained = std::chrono::seconds(1);

/// True health of one domain over the trial. An outage that has a fault as its cause begins with
/// the injection, not with the last sign of life before it. One that was proved only after the time
/// in which observers are judged, and that no fault explains, is none: it may have begun later.
struct Health {
    std::string domain;
    std::vector<Span> spans;
    std::vector<Span> outages;  ///< hung or dead without a break, while observers are judged
    /// Degraded, hung or dead without a break, while observers are judged; `state` is the worst of
    /// these, `words` the part that is degraded. Of those that no fault explains, the longer ones.
    std::vector<Span> impairments;
    Duration unclear{};               ///< for so long of that time nobody knows how it was
    std::vector<Span> known_serving;  ///< from the proof on: before it, it may have been otherwise
};

/// One fault's instants, as far as it got.
struct FaultMark {
    std::string id;
    std::string kind;
    std::string target;
    std::optional<Instant> injecting;
    std::optional<Instant> injected;
    std::optional<Instant> active;  ///< activation was seen by another path
    std::string activation;         ///< "active" | "absent" | "unknown"
    std::optional<Instant> healing;
    std::optional<Instant> healed;
    std::string residue;  ///< "none" | "present" | "unknown", or empty
    std::string error;
};

struct PhaseMark {
    std::string name;
    Instant from{};
    Instant to{};
    bool ok = true;
    std::string error;
};

/// Something of the service that its clients or the wire tell, over time.
struct ServiceLane {
    std::string name;         ///< "answers of ha-a", "no answer", "address at ha-a"
    std::vector<Span> spans;  ///< `state` is "alive", or "dead" where it is missed
    std::string outcome;      ///< what came of it, in a word
};

/// Progress of the load over time.
struct AcknowledgedPoint {
    Instant at{};
    std::int64_t total = 0;  ///< records acknowledged until then, all writers
};

/// A trial's history, arranged for a reader. Pure: the same history gives the same story.
struct Story {
    Instant end{};
    Span judged;  ///< load phase: observers count only here
    std::vector<Health> health;
    std::vector<Lane> lanes;  ///< in the order of their observers' names
    /// The same of programs that act on libvirt's word, see reports/deciders.hpp.
    std::vector<Lane> deciders;
    std::vector<ServiceLane> service;
    std::vector<FaultMark> faults;
    std::vector<PhaseMark> phases;
    std::vector<AcknowledgedPoint> acknowledged;
    std::vector<const Event*> remarks;  ///< console, notes and errors; point into the history
};

/// `history` must outlive the story.
[[nodiscard]] Story tell(const History& history);

}  // namespace ordeal::reports
