#pragma once

#include "core/injector.hpp"

/// What faults have in common that take a whole host down.
namespace ordeal::injectors {

/// How a host comes back.
enum class Return {
    by_itself,  ///< it boots again without help
    by_power,   ///< its power was cut
    by_reset    ///< it hangs with its power on
};

/// Remembers of the host its boot ("boot_id") and its sshd, the process whose end proves the
/// host's. Errors: missing (no power controller, without which nobody could heal), refused (the
/// power is off), unavailable.
Status remember_boot(InjectorContext& context, Fault& fault);

/// Orders the host's power controller.
Status order_power(InjectorContext& context, const Fault& fault, PowerOrder order);

/// Orders the host's kernel by sysrq.
Status order_sysrq(InjectorContext& context, const Fault& fault, char letter);

/// Activation: the remembered sshd is gone, and the host does not answer or has another boot id.
/// The power controller's word alone proves nothing. Where the process cannot be looked at because
/// the host itself would have to tell, silence and the controller's "off" together do.
[[nodiscard]] Result<Observation> observe_outage(InjectorContext& context, const Fault& fault);

/// Brings the host back and waits until it and its libvirtd answer. Nothing to do when they do.
Status bring_back(InjectorContext& context, const Fault& fault, Return how);

/// Residue: absent once the host and its libvirtd answer, active while the host does not.
[[nodiscard]] Result<Observation> residue_of_outage(InjectorContext& context, const Fault& fault);

/// Takes a host down by an order to its power controller.
[[nodiscard]] std::unique_ptr<Injector> make_power_fault(PowerOrder order, Return how);

/// Takes a host down by a letter of sysrq.
[[nodiscard]] std::unique_ptr<Injector> make_sysrq_fault(char letter, Return how);

}  // namespace ordeal::injectors
