#pragma once

#include "verifier/crash/exploration.hpp"

#include <cstdint>
#include <string>

namespace ordeal::verifier::crash {

/// The filesystems that have a checker for sample_by_kernel().
[[nodiscard]] bool has_kernel_judge(std::string_view filesystem);

/// Shows a sample of crash states to this machine's kernel and to the filesystem's own checker:
/// mounted, so that its log is recovered, unmounted, checked. For filesystems of which the explorer
/// has no reader, and to hold it against the real thing where it has. Far from all states: what it
/// finds is bad, and what it does not find proves little; coverage says so.
///
/// The states are spread evenly over the instants, random within each. `filesystem`: ext3, ext4,
/// xfs or btrfs. Needs root. Errors: those of explore_trace(), missing (a tool), usage.
[[nodiscard]] Result<Exploration> sample_by_kernel(const Trace& trace,
                                                   const std::vector<std::byte>& base,
                                                   const ExplorationOptions& options,
                                                   const std::string& filesystem,
                                                   std::uint64_t states,
                                                   Referee& referee);

}  // namespace ordeal::verifier::crash
