#include "injectors/common.hpp"

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

class ManagedSave final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        const auto orders = host ? (*host)->hypervisor().orders(fault.target.domain) : host.error();
        return orders ? (*orders)->order(fault.target.domain, DomainOrder::save)
                      : Status(orders.error());
    }

    /// The memory is written to a file.
    [[nodiscard]] Duration injection_time() const override { return 30s; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_gone(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto saved = is_saved(context, fault);
        if (!saved || !*saved) {
            return saved ? ok() : Status(saved.error());
        }
        return (*host_of(context, fault))->hypervisor().start(fault.target.domain);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto saved = is_saved(context, fault);
        if (!saved) {
            return Observation{Presence::unknown, saved.error().text()};
        }
        return Observation{
            *saved ? Presence::active : Presence::absent,
            *saved ? "libvirt says shut off (saved)" : "libvirt does not say that it is saved"};
    }

  private:
    static Result<bool> is_saved(InjectorContext& context, const Fault& fault) {
        auto host = host_of(context, fault);
        const auto status = host ? (*host)->hypervisor().state(fault.target.domain) : host.error();
        if (!status) {
            return status.error();
        }
        return status->state == DomainState::shut_off && status->reason == "saved";
    }
};

}  // namespace

std::unique_ptr<Injector> domain_managed_save() {
    return std::make_unique<ManagedSave>();
}

}  // namespace ordeal::injectors
