#include "injectors/common.hpp"

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
        const auto life = watch_life(context, fault, silence_span);
        if (!life) {
            return life.error();
        }
        if (life->beats > 0 || life->echo) {
            return Observation{Presence::absent,
                               life->echo ? "the guest answers an echo" : "the agent beats"};
        }
        if (life->state == 'T') {
            return Observation{Presence::absent, "QEMU is stopped by a signal, not suspended"};
        }
        if (life->cpu_time > silence_span / 10) {
            return Observation{
                Presence::unknown,
                "the guest is silent, but QEMU used " + to_text(life->cpu_time) + " of CPU time"};
        }
        return Observation{Presence::active,
                           "QEMU is there and used " + to_text(life->cpu_time) +
                               " of CPU time in " + to_text(silence_span) +
                               "; no heartbeat, no echo"};
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
