#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

class GuestNmi final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto facts = look_into(context, fault);
        if (facts) {
            fault.undo.set("nmis", facts->nmis);
        }
        return facts ? ok() : Status(facts.error());
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto host = host_of(context, fault);
        return host ? (*host)->hypervisor().inject_nmi(fault.target.domain) : Status(host.error());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto facts = look_into(context, fault);
        if (!facts) {
            return facts.error();
        }
        const auto came = facts->nmis - fault.undo.get<std::int64_t>("nmis");
        return Observation{came > 0 ? Presence::active : Presence::absent,
                           "the guest's kernel counted " + std::to_string(came) + " of them"};
    }

    /// An interrupt is over once it was served.
    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }
};

}  // namespace

std::unique_ptr<Injector> guest_nmi() {
    return std::make_unique<GuestNmi>();
}

}  // namespace ordeal::injectors
