#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {
namespace {

class QemuPause final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto runs = executes(context, fault);
        if (runs && !*runs) {
            return fail(ErrorKind::refused,
                        "prepare to pause the QEMU of " + fault.target.domain,
                        "its processors are stopped already",
                        "whoever stopped them must let them go on: healing would do that unasked");
        }
        return runs ? ok() : Status(runs.error());
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return give(context, fault, DomainOrder::monitor_stop);
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_standstill(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        if (is_gone(context, fault)) {
            return ok();
        }
        const auto runs = executes(context, fault);
        if (!runs) {
            return runs.error();
        }
        return *runs ? ok() : give(context, fault, DomainOrder::monitor_cont);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        if (is_gone(context, fault)) {
            return Observation{Presence::absent, "QEMU is gone"};
        }
        const auto runs = executes(context, fault);
        if (!runs) {
            return Observation{Presence::unknown, runs.error().text()};
        }
        return Observation{*runs ? Presence::absent : Presence::active,
                           *runs ? "QEMU says that its processors run"
                                 : "QEMU says that its processors are stopped"};
    }

  private:
    static Result<bool> executes(InjectorContext& context, const Fault& fault) {
        const auto orders = orders_for(context, fault);
        return orders ? (*orders)->executes(fault.target.domain) : orders.error();
    }
};

}  // namespace

std::unique_ptr<Injector> qemu_pause() {
    return std::make_unique<QemuPause>();
}

}  // namespace ordeal::injectors
