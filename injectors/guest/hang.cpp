#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

class Hang final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return order_guest(context, fault, "hang", {{"at_most", Duration(std::chrono::hours(24))}});
    }

    [[nodiscard]] Duration activation_time() const override { return std::chrono::seconds(10); }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto life = watch_life(context, fault, silence_span);
        if (!life) {
            return life.error();
        }
        if (life->beats > 0) {
            return Observation{Presence::absent, "the agent beats"};
        }
        const bool computes = life->state != 'T' && life->cpu_time > silence_span / 10;
        return Observation{computes ? Presence::active : Presence::unknown,
                           std::string("no heartbeat, ") +
                               (life->echo ? "an echo, " : "no echo, ") + "and QEMU used " +
                               to_text(life->cpu_time) + " of CPU time in " +
                               to_text(silence_span)};
    }

    /// The recovery starts the domain again.
    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }
};

}  // namespace

std::unique_ptr<Injector> guest_hang() {
    return std::make_unique<Hang>();
}

}  // namespace ordeal::injectors
