#pragma once

#include "core/random.hpp"
#include "core/run_record.hpp"

#include <string>
#include <vector>

/// Records like those of real runs, made from a seed: what each observer says follows from what the
/// invented domain does.
namespace ordeal::reports::synthetic {

enum class Ending {
    killed,            ///< QEMU dies; everybody notices, the write check passes
    killed_loses,      ///< the same, and an acknowledged write is lost
    not_activated,     ///< the fault did not act: inconclusive
    frozen,            ///< SIGSTOP: libvirt goes on saying "running"
    panicked,          ///< the guest's kernel panics; libvirt is told (pvpanic)
    panicked_silently  ///< the same without pvpanic: libvirt never knows
};

[[nodiscard]] TrialRecord trial(std::int64_t number, Ending ending, std::uint64_t seed = 1);

/// 20 trials of kill-qemu, all passed.
[[nodiscard]] RunRecord kill_run();
/// kill-qemu with 2 failed and 1 inconclusive of 20.
[[nodiscard]] RunRecord mixed_run();
/// frozen-vm, 5 trials.
[[nodiscard]] RunRecord frozen_run();
/// panic, 6 trials in each of two cells.
[[nodiscard]] RunRecord panic_run();
/// Stopped by the user after 7 of 20 trials.
[[nodiscard]] RunRecord interrupted_run();
/// kill-qemu, `trials` of them, 3 failed and 4 inconclusive in a thousand.
[[nodiscard]] RunRecord large_run(std::int64_t trials = 1000);
/// Every string in it is an attack on HTML, XML, Markdown and terminals.
[[nodiscard]] RunRecord hostile_run();

}  // namespace ordeal::reports::synthetic
