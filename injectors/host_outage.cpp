#include "injectors/host_outage.hpp"

#include "injectors/common.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr const char* witness = "sshd";
constexpr Duration login_deadline = 2s;
constexpr Duration quick_look = 500ms;
constexpr Duration power_deadline = 5s;
constexpr Duration management_deadline = 2s;
constexpr Duration between_looks = 100ms;
constexpr Duration slowest_look = login_deadline + management_deadline + between_looks;

/// Both doors are open: the host's own, and its libvirtd's.
Status answers(Host& host) {
    const auto id = host.boot_id(login_deadline);
    return id ? host.hypervisor().alive(management_deadline) : Status(id.error());
}

Observation observed(Presence presence, std::string evidence) {
    return {presence, std::move(evidence)};
}

/// The remembered process is gone: was it the host, or only the process?
Observation judge_death(Host& host, const std::string& boot_before) {
    const std::string gone = std::string(witness) + " is gone";
    const auto id = host.boot_id(quick_look);
    if (!id) {
        return observed(Presence::active, gone + " and the host does not answer");
    }
    return *id == boot_before
               ? observed(Presence::absent, gone + ", but the host has the same boot id")
               : observed(Presence::active, gone + ", boot id " + boot_before + " became " + *id);
}

class Outage final : public Injector {
  public:
    using Deed = std::function<Status(InjectorContext&, const Fault&)>;

    Outage(Deed deed, Return how) : deed_(std::move(deed)), how_(how) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_boot(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return deed_(context, fault);
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_outage(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        return bring_back(context, fault, how_);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_outage(context, fault);
    }

  private:
    Deed deed_;
    Return how_;
};

}  // namespace

Status remember_boot(InjectorContext& context, Fault& fault) {
    const auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    const auto power = (*host)->power();
    const auto state = power ? (*power)->state(power_deadline) : power.error();
    if (!state) {
        return state.error();
    }
    if (*state == PowerState::off) {
        return fail(ErrorKind::refused,
                    "prepare to take " + fault.target.host + " down",
                    "its power is off already");
    }
    const auto process = (*host)->service_process(witness);
    const auto id = (*host)->boot_id(login_deadline);
    if (!process || !id) {
        return process ? id.error() : process.error();
    }
    remember(fault.undo, *process);
    fault.undo.set("boot_id", *id);
    return ok();
}

Status order_power(InjectorContext& context, const Fault& fault, PowerOrder order) {
    const auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    const auto power = (*host)->power();
    return power ? (*power)->order(order, power_deadline) : Status(power.error());
}

Status order_sysrq(InjectorContext& context, const Fault& fault, char letter) {
    const auto host = host_of(context, fault);
    return host ? (*host)->sysrq(letter, login_deadline) : Status(host.error());
}

Result<Observation> observe_outage(InjectorContext& context, const Fault& fault) {
    const auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    const auto before = fault.undo.get<std::string>("boot_id");
    const auto status = look_at_remembered(context, fault);
    if (status) {
        return observed(Presence::absent, std::string(witness) + " is there as before");
    }
    if (status.error().kind == ErrorKind::not_found) {
        return judge_death(**host, before);
    }
    const auto power = (*host)->power();
    const auto state = power ? (*power)->state(power_deadline) : power.error();
    if (state && *state == PowerState::off && !(*host)->boot_id(quick_look)) {
        return observed(Presence::active, "the host is silent, and its power controller says off");
    }
    return status.error();
}

Status bring_back(InjectorContext& context, const Fault& fault, Return how) {
    const auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    Status ordered = ok();
    if (!(*host)->boot_id(login_deadline)) {
        const auto power = (*host)->power();
        const auto state = power ? (*power)->state(power_deadline) : power.error();
        if (state && *state == PowerState::off && how != Return::by_itself) {
            ordered = order_power(context, fault, PowerOrder::on);
        } else if (how == Return::by_reset) {
            ordered = order_power(context, fault, PowerOrder::reset);
        }
    }
    while (ordered && context.scheduler.now() + slowest_look < context.deadline) {
        if (answers(**host)) {
            return ok();
        }
        context.scheduler.wait_for(between_looks, never_stopped);
    }
    // Off by now, it will not come by itself.
    return ordered && how == Return::by_itself ? order_power(context, fault, PowerOrder::on)
                                               : ordered;
}

Result<Observation> residue_of_outage(InjectorContext& context, const Fault& fault) {
    const auto host = host_of(context, fault);
    if (!host) {
        return observed(Presence::unknown, host.error().text());
    }
    const auto id = (*host)->boot_id(login_deadline);
    if (!id) {
        const auto power = (*host)->power();
        const auto state = power ? (*power)->state(power_deadline) : power.error();
        const auto process = (*host)->service_process(witness);
        const bool down = !process && process.error().kind == ErrorKind::not_found;
        return observed(
            down ? Presence::active : Presence::unknown,
            id.error().text() + ", power " + std::string(state ? name_of(*state) : "unknown"));
    }
    if (const auto alive = (*host)->hypervisor().alive(management_deadline); !alive) {
        return observed(Presence::unknown, alive.error().text());
    }
    return observed(Presence::absent, "the host answers with boot id " + *id + ", libvirtd too");
}

std::unique_ptr<Injector> make_power_fault(PowerOrder order, Return how) {
    return std::make_unique<Outage>(
        [order](InjectorContext& context, const Fault& fault) {
            return order_power(context, fault, order);
        },
        how);
}

std::unique_ptr<Injector> make_sysrq_fault(char letter, Return how) {
    return std::make_unique<Outage>(
        [letter](InjectorContext& context, const Fault& fault) {
            return order_sysrq(context, fault, letter);
        },
        how);
}

}  // namespace ordeal::injectors
