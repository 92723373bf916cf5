#pragma once

#include "injectors/common.hpp"

#include <chrono>
#include <memory>

/// What faults of a domain's virtual machine have in common.
namespace ordeal::injectors {

using Deed = Status (*)(InjectorContext& context, const Fault& fault);

/// What the domain's host can do to it besides starting and ending it.
[[nodiscard]] Result<DomainOrders*> orders_for(InjectorContext& context, const Fault& fault);

/// Gives the domain an order.
[[nodiscard]] Status give(InjectorContext& context, const Fault& fault, DomainOrder order);

/// A fault that ends QEMU. Active once its process is gone; the recovery starts the domain again.
[[nodiscard]] std::unique_ptr<Injector> make_end_of_qemu(
    Deed deed, Duration activation_time = std::chrono::seconds(5));

/// A fault by which the guest boots anew in the same QEMU. Active once its agent beats with another
/// boot id than before.
[[nodiscard]] std::unique_ptr<Injector> make_reset(DomainOrder order);

/// A fault that keeps the QEMU process from the processors by a control group of its own.
/// `make` says how; `acts` is one look, after the process was seen to be confined.
struct Restraint {
    Confinement (*make)(const Fault& fault);
    Result<Observation> (*acts)(InjectorContext& context, const Fault& fault);
};

[[nodiscard]] std::unique_ptr<Injector> make_restraint(Restraint restraint);

/// Activation of a fault that stops the guest's processors: active when the guest gives no sign of
/// life while QEMU is there, not stopped by a signal, and uses next to no CPU time.
[[nodiscard]] Result<Observation> observe_standstill(InjectorContext& context, const Fault& fault);

/// Whether the remembered QEMU is gone, so that nothing is left to heal.
[[nodiscard]] bool is_gone(InjectorContext& context, const Fault& fault);

}  // namespace ordeal::injectors
