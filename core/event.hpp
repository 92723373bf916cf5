#pragma once

#include "core/fields.hpp"

#include <string>
#include <string_view>

namespace ordeal {

/// What an observer thinks of a domain at one moment. Observers see, they never judge the trial.
enum class Opinion { alive, dead, unknown };

[[nodiscard]] std::string_view name_of(Opinion opinion);
[[nodiscard]] Opinion opinion_from(std::string_view name);

/// One line of a trial's history.
struct Event {
    Instant at{};         ///< since the start of the trial
    std::string kind;     ///< one of `event::…`
    std::string source;   ///< who says so: "runner", the kind of the probe, injector or check
    std::string subject;  ///< what it is about: a domain, a host or a fault id
    Fields data;
};

/// The kinds of events and the fields each carries. Checks and reports know no others.
namespace event {

/// A phase of the trial began. subject: the phase's name, one of `phase::…`.
inline constexpr std::string_view phase_begin = "phase.begin";
/// It ended. duration (Duration), ok (bool), error (string, only when not ok).
inline constexpr std::string_view phase_end = "phase.end";

/// Steps of a fault. subject: fault id; source: injector kind. All carry `target` (string).
/// planned (Duration): the instant the schedule asked for.
inline constexpr std::string_view fault_injecting = "fault.injecting";
/// The injection call returned. planned (Duration), late (Duration) of the begin against the
/// schedule.
inline constexpr std::string_view fault_injected = "fault.injected";
/// Activation was decided: activation ("active" | "absent" | "unknown"), evidence (string).
inline constexpr std::string_view fault_observed = "fault.observed";
inline constexpr std::string_view fault_healing = "fault.healing";
inline constexpr std::string_view fault_healed = "fault.healed";
/// After healing: residue ("none" | "present" | "unknown"), evidence (string).
inline constexpr std::string_view fault_residue = "fault.residue";
/// A step failed. step (string), error (string).
inline constexpr std::string_view fault_error = "fault.error";

/// What a probe saw; source: probe kind; subject: domain. opinion ("alive" | "dead" | "unknown"),
/// detail (string, for people), last_seen (Duration since trial start: the last positive sign of
/// life, if any), interval (Duration: the probe's own resolution), and the probe's raw facts.
/// Recorded when opinion or detail changes and otherwise once a second.
inline constexpr std::string_view observation = "observation";
/// A probe could not look. error (string).
inline constexpr std::string_view probe_error = "probe.error";

/// The serial console said something that matters. class ("panic" | "oops" | "io_error" |
/// "hung_task" | "remounted_read_only" | "other"), line (string).
inline constexpr std::string_view console = "console";

/// The load. subject: domain. disk (string), directory (string: the ledger's, relative to the root
/// of that disk's filesystem), and all that determines the ledger (core/wire_ledger.hpp): profile
/// (string), run_id (int), seed (int), record (Bytes), writers (int), slots (int).
inline constexpr std::string_view load_started = "load.started";
/// Records first..last of `writer` (all int64) were acknowledged. They are the writer's own record
/// numbers, from 0, contiguous and ascending for one writer; ledger::sequence_of makes sequences.
inline constexpr std::string_view ledger_acknowledged = "ledger.acknowledged";
inline constexpr std::string_view load_stopped = "load.stopped";

/// Requests of the service's clients. subject: "service"; source: the probe. `at`: when the first
/// of them was sent; rows (string): core/service.hpp decodes them.
inline constexpr std::string_view service_requests = "service.requests";
/// Who answered one question for the owner of the service's address, sent at `at`. owners (list:
/// names of domains, or hardware addresses of others), interval (Duration: of the questions).
/// Recorded when it changes and otherwise once a second.
inline constexpr std::string_view service_owners = "service.owners";
/// Somebody announced unasked that the address is his. owner (string), as of service_owners.
inline constexpr std::string_view service_claim = "service.claim";

/// What somebody said of a disk's write cache. source: "guest" (device, mode) or "qemu" (disk
/// (string), writeback, direct, no_flush (bool)). subject: domain. Two that differ mean that the
/// contract changed.
inline constexpr std::string_view write_cache = "disk.write_cache";

/// The guest agent said hello (again). boot_id (string), capabilities (list).
inline constexpr std::string_view agent_hello = "agent.hello";
/// The agent link carried a frame that could not be used. error (string).
inline constexpr std::string_view agent_protocol_error = "agent.protocol_error";

/// An examination's outcome; source: check kind; subject: domain. Fields are the check's own.
inline constexpr std::string_view examined = "examined";

/// The domain was started again and the guest answered. agent_back (Duration since the start
/// order), load_back (Duration since the start order).
inline constexpr std::string_view recovered = "recovered";

/// True health of a domain from `at` to `until` (Duration), as decided from independent evidence;
/// source: "verifier"; subject: domain. grade ("serving" | "degraded" | "hung" | "dead" |
/// "unknown"), part (string: what is degraded), proven (Duration: when the evidence for it was
/// complete), evidence (list). Written after judging, for reports.
inline constexpr std::string_view health = "health";

/// Something a person may want to read. text (string).
inline constexpr std::string_view note = "note";

}  // namespace event

/// The phases of a trial in their order.
namespace phase {

inline constexpr std::string_view provision = "provision";
inline constexpr std::string_view boot = "boot";
inline constexpr std::string_view steady = "steady";
/// Load, faults and healing: the span in which observers are judged.
inline constexpr std::string_view load = "load";
/// Stops or destroys what still runs and copies the disks.
inline constexpr std::string_view capture = "capture";
inline constexpr std::string_view examine = "examine";
inline constexpr std::string_view recover = "recover";
inline constexpr std::string_view judge = "judge";
inline constexpr std::string_view tear_down = "tear_down";

}  // namespace phase
}  // namespace ordeal
