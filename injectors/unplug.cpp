#include "injectors/unplug.hpp"

#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {
namespace {

class Unplug final : public Injector {
  public:
    using Look = Result<Observation> (*)(InjectorContext& context, const Fault& fault);

    Unplug(DeviceKind kind, Look look) : kind_(kind), look_(look) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto orders = orders_for(context, fault);
        const auto device = orders
                                ? (*orders)->device(fault.target.domain, kind_, disk_named(fault))
                                : orders.error();
        const auto there = device ? is_there(context, fault) : device.error();
        if (!there || !*there) {
            return there ? Status(fail(ErrorKind::refused, "prepare " + fault.kind, "it is gone"))
                         : Status(there.error());
        }
        fault.undo.set("device", *device);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto orders = orders_for(context, fault);
        return orders
                   ? (*orders)->unplug(fault.target.domain, fault.undo.get<std::string>("device"))
                   : Status(orders.error());
    }

    /// The guest lets it go in its own time.
    [[nodiscard]] Duration activation_time() const override { return std::chrono::seconds(30); }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return look_(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        if (is_gone(context, fault)) {
            return ok();  // the next QEMU has it
        }
        const auto there = is_there(context, fault);
        if (!there || *there) {
            return there ? ok() : Status(there.error());
        }
        const auto orders = orders_for(context, fault);
        return orders ? (*orders)->plug(fault.target.domain, fault.undo.get<std::string>("device"))
                      : Status(orders.error());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        if (is_gone(context, fault)) {
            return Observation{Presence::absent, "QEMU is gone"};
        }
        const auto there = is_there(context, fault);
        if (!there) {
            return Observation{Presence::unknown, there.error().text()};
        }
        return Observation{*there ? Presence::absent : Presence::active,
                           *there ? "the domain has the device" : "the domain lacks the device"};
    }

  private:
    static std::string disk_named(const Fault& fault) {
        return fault.params.get<std::string>("disk", "");
    }

    Result<bool> is_there(InjectorContext& context, const Fault& fault) const {
        const auto orders = orders_for(context, fault);
        return orders ? (*orders)->has_device(fault.target.domain, kind_, disk_named(fault))
                      : orders.error();
    }

    DeviceKind kind_;
    Look look_;
};

}  // namespace

std::unique_ptr<Injector> make_unplug(DeviceKind kind,
                                      Result<Observation> (*observe)(InjectorContext& context,
                                                                     const Fault& fault)) {
    return std::make_unique<Unplug>(kind, observe);
}

}  // namespace ordeal::injectors
