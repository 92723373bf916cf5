#include "injectors/common.hpp"

namespace ordeal::injectors {
namespace {

class Kill final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return signal_remembered(context, fault, Signal::kill);
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

std::unique_ptr<Injector> qemu_kill() {
    return std::make_unique<Kill>();
}

}  // namespace ordeal::injectors
