#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

/// The boot that the agent spoke of last.
Result<std::string> last_boot(InjectorContext& context, const Fault& fault) {
    if (context.guest == nullptr) {
        return fail(ErrorKind::unavailable,
                    "ask the guest of " + fault.target.domain + " for its boot",
                    "the guest's doors are closed");
    }
    const auto hello = context.guest->wait_hello(context.scheduler.now() + 200ms);
    return hello ? hello->boot_id : Result<std::string>(hello.error());
}

class Reboot final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        const auto boot = last_boot(context, fault);
        if (!boot) {
            return boot.error();
        }
        fault.undo.set("boot_id", *boot);
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return order_guest(context, fault, "reboot", {});
    }

    /// A boot under emulation on a busy machine.
    [[nodiscard]] Duration activation_time() const override { return 60s; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto boot = last_boot(context, fault);
        if (!boot) {
            return boot.error();
        }
        const bool another = *boot != fault.undo.get<std::string>("boot_id");
        return Observation{another ? Presence::active : Presence::absent,
                           "the agent says that this is boot " + *boot};
    }

    /// It comes up by itself.
    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }
};

}  // namespace

std::unique_ptr<Injector> guest_reboot() {
    return std::make_unique<Reboot>();
}

}  // namespace ordeal::injectors
