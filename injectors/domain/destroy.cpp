#include "injectors/common.hpp"

namespace ordeal::injectors {
namespace {

class Destroy final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        return host ? (*host)->hypervisor().destroy(fault.target.domain) : Status(host.error());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_gone(context, fault);
    }

    /// The recovery starts the domain again.
    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }
};

}  // namespace

std::unique_ptr<Injector> domain_destroy() {
    return std::make_unique<Destroy>();
}

}  // namespace ordeal::injectors
