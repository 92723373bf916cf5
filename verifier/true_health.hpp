#pragma once

#include "core/history.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ordeal::verifier {

/// How a domain really is, decided from independent evidence; the management's word is never
/// evidence.
enum class Health {
    unknown,   ///< evidence is missing or contradicts itself
    serving,   ///< it beats, and its load moves if it has one
    degraded,  ///< it lives, but a part of it does not; see HealthInterval::part
    hung,      ///< its process is there, but nothing gives a sign of life
    dead       ///< its process is gone, or its kernel panicked
};

[[nodiscard]] std::string_view name_of(Health health);

struct HealthInterval {
    /// The last evidence for the health before: it changed then or a little later.
    Instant from{};
    Instant to{};
    /// When the evidence for `grade` was complete. It changed between `from` and `proven`.
    Instant proven{};
    Health grade = Health::unknown;
    std::string part;                   ///< of degraded: "storage", "agent", "network"
    std::vector<std::string> evidence;  ///< who showed what, when
};

/// Adjoining intervals from the trial's start to the last event; never two neighbours of one grade
/// and part. Empty for an empty history.
using HealthTimeline = std::vector<HealthInterval>;

/// Decides the health of `domain` over the whole trial. Pure.
///
/// Reads observations of qemu.process (fact `state`: the letter of /proc/<pid>/stat, anything else
/// with opinion dead means gone), agent.heartbeat, network.heartbeat, network.ping, load.progress
/// and console.watch, and the console, hello and load events. Silence counts from the last sign of
/// life, not from the moment an observer's patience ended.
///
///   process gone, or panic on the console           dead
///   process stopped (T)                             hung
///   all silent, process there                       hung
///   agent silent, network echo answers              degraded (agent)
///   beating, network silent                         degraded (network)
///   beating, load expected but stalled              degraded (storage)
///   beating, load moves or is not expected          serving
///   anything else, or signs of life from the dead   unknown
[[nodiscard]] HealthTimeline true_health(const History& history, std::string_view domain);

/// The timeline as `event::health` events, for the store and reports.
[[nodiscard]] std::vector<Event> to_events(const HealthTimeline& timeline, std::string_view domain);

/// Every subject of the history that an observer or a load has spoken about, sorted.
[[nodiscard]] std::vector<std::string> domains_of(const History& history);

}  // namespace ordeal::verifier
