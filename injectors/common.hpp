#pragma once

#include "core/injector.hpp"

namespace ordeal::injectors {

/// The host that the fault names.
[[nodiscard]] Result<Host*> host_of(InjectorContext& context, const Fault& fault);

/// Puts the process into the undo data ("pid", "start_ticks") and reads it from there. `corrupt`
/// when it holds no pid that a fault could have had: 0 and below would signal whole groups.
void remember(Fields& undo, const ProcessRef& process);
[[nodiscard]] Result<ProcessRef> remembered(const Fault& fault);

/// Finds the domain's QEMU process and remembers it.
Status remember_qemu(InjectorContext& context, Fault& fault);

/// Signals the remembered process. `not_found` when it is gone.
Status signal_remembered(InjectorContext& context, const Fault& fault, Signal signal);

/// One look at the remembered process, never through libvirt. `not_found` when it is gone.
[[nodiscard]] Result<ProcessStatus> look_at_remembered(InjectorContext& context,
                                                       const Fault& fault);

/// Activation of a fault that ends the remembered process: active once it is gone.
[[nodiscard]] Result<Observation> observe_gone(InjectorContext& context, const Fault& fault);

/// Residue of a fault that leaves nothing but a dead process or a dead guest: absent as soon as the
/// host's process table answers and shows no process that is still dying (state D, in which even
/// SIGKILL waits).
[[nodiscard]] Result<Observation> residue_of_death(InjectorContext& context, const Fault& fault);

/// What the guest gives as signs of life in a stretch of time, seen without libvirt.
struct Life {
    int beats = 0;            ///< over the agent's link
    bool echo = false;        ///< an ICMP echo came back; asked only when no beat came
    char state = '?';         ///< of the QEMU process
    Duration cpu_time{};      ///< that QEMU used
    bool panic_line = false;  ///< on the console
};

/// Watches the remembered QEMU process and its guest for `span` or until a beat comes.
/// `not_found` when the process is gone, `timeout` when the step has less time left than `span`.
[[nodiscard]] Result<Life> watch_life(InjectorContext& context, const Fault& fault, Duration span);

/// Three intervals of the agent's heartbeat and the time a beat may be on its way.
inline constexpr Duration silence_span = std::chrono::milliseconds(350);

}  // namespace ordeal::injectors
