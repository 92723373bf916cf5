#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {
namespace {

class Suspend final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto status = state_of(context, fault);
        if (!status) {
            return status.error();
        }
        if (status->state != DomainState::running && status->state != DomainState::blocked) {
            return fail(ErrorKind::refused,
                        "prepare to suspend " + fault.target.domain,
                        "it is " + std::string(name_of(status->state)) + " already");
        }
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        return host ? (*host)->hypervisor().suspend(fault.target.domain) : Status(host.error());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_standstill(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto status = state_of(context, fault);
        if (!status) {
            return status.error();
        }
        if (!suspended(*status)) {
            return ok();
        }
        auto host = host_of(context, fault);
        return host ? (*host)->hypervisor().resume(fault.target.domain) : Status(host.error());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto status = state_of(context, fault);
        if (!status) {
            return Observation{Presence::unknown, status.error().text()};
        }
        return Observation{
            suspended(*status) ? Presence::active : Presence::absent,
            "libvirt says " + std::string(name_of(status->state)) + " (" + status->reason + ")"};
    }

  private:
    static Result<DomainStatus> state_of(InjectorContext& context, const Fault& fault) {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        return (*host)->hypervisor().state(fault.target.domain);
    }

    static bool suspended(const DomainStatus& status) {
        return status.state == DomainState::paused && status.reason == "user";
    }
};

}  // namespace

std::unique_ptr<Injector> domain_suspend() {
    return std::make_unique<Suspend>();
}

}  // namespace ordeal::injectors
