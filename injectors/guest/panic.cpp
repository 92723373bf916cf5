#include "injectors/common.hpp"

namespace ordeal::injectors {
namespace {

class Panic final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        if (context.guest == nullptr) {
            return fail(ErrorKind::unavailable,
                        "order a panic in " + fault.target.domain,
                        "the guest's doors are closed");
        }
        return context.guest->inject("panic", {}, context.deadline - context.scheduler.now());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto life = watch_life(context, fault, silence_span);
        if (!life && life.error().kind != ErrorKind::not_found) {
            return life.error();
        }
        if (life && life->panic_line) {
            return Observation{Presence::active, "the console shows the panic"};
        }
        if (life && (life->beats > 0 || life->echo)) {
            return Observation{Presence::absent,
                               life->echo ? "the guest answers an echo" : "the agent beats"};
        }
        if (life && life->state == 'T') {
            return Observation{Presence::unknown, "QEMU is stopped by a signal"};
        }
        if (life && life->cpu_time > silence_span / 10) {
            return Observation{Presence::active,
                               "no heartbeat, no echo, and QEMU used " + to_text(life->cpu_time) +
                                   " of CPU time in " + to_text(silence_span)};
        }
        return as_libvirt_sees_it(context, fault);
    }

    /// The recovery starts the domain again.
    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }

  private:
    /// The guest is silent and not executed: only pvpanic, through libvirt, can tell why.
    static Result<Observation> as_libvirt_sees_it(InjectorContext& context, const Fault& fault) {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const auto status = (*host)->hypervisor().state(fault.target.domain);
        if (!status) {
            return status.error();
        }
        const bool crashed = status->state == DomainState::crashed || status->reason == "crashed";
        return Observation{crashed ? Presence::active : Presence::unknown,
                           "the guest is silent; libvirt says " +
                               std::string(name_of(status->state)) + " (" + status->reason + ")"};
    }
};

}  // namespace

std::unique_ptr<Injector> guest_panic() {
    return std::make_unique<Panic>();
}

}  // namespace ordeal::injectors
