#pragma once

#include "reports/story.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// What programs that act on libvirt's word would conclude of what libvirt said. Computed from the
/// recorded states by the programs' own rules; tests/live/deciders_test.cpp asks the real ones.
namespace ordeal::reports {

/// What is there to be asked at one moment.
struct Evidence {
    std::string_view state;       ///< DomainState's name; empty: libvirt does not answer
    std::optional<bool> process;  ///< whether there is a QEMU of the domain; absent: not known
};

/// One such program. What it says of a domain is told as an opinion: alive, dead, or unknown when
/// it comes to no conclusion.
struct Decider {
    std::string_view name;
    std::string_view alive;  ///< what "alive" of it means: "calls it healthy"
    std::string_view dead;   ///< what it would do: "would restart it"
    std::string_view (*conclude)(const Evidence& evidence);
};

/// - `script.domstate`: the shell line `[ "$(virsh domstate VM)" = running ] || virsh start VM`.
/// - `pacemaker.virtualdomain`: the monitor action of ocf:heartbeat:VirtualDomain, resource-agents
///   4.12, function VirtualDomain_status: running, paused, idle, blocked and "in shutdown" are
///   OCF_SUCCESS; "shut off" and an unknown domain OCF_NOT_RUNNING; without an answer the process
///   table decides; all else ends as OCF_ERR_GENERIC. Pacemaker restarts a resource for the last
///   two.
/// - `fence_virsh.status`: fence-agents 4.12, function get_power_status: running, blocked, idle,
///   "no state" and paused are on, an error is an error, all else is off. A reboot sends nothing to
///   what is off, and succeeds.
[[nodiscard]] std::span<const Decider> deciders();

/// nullptr: there is none of this name.
[[nodiscard]] const Decider* decider_named(std::string_view name);

/// What each would have said of each domain that libvirt.state watched, whenever it had asked then.
/// The spans' words are libvirt's.
[[nodiscard]] std::vector<Lane> lanes_of_deciders(const History& history);

}  // namespace ordeal::reports
