#include "injectors/common.hpp"
#include "injectors/other_host.hpp"

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_looks = 20ms;
constexpr Duration death = 2s;

bool expects_refusal(const Fault& fault) {
    return fault.params.get<std::string>("expect") == "refused";
}

Result<bool> is_known(InjectorContext& context, const Fault& fault) {
    const auto other = context.testbed.host(other_host(fault));
    if (!other) {
        return other.error();
    }
    const auto status = (*other)->hypervisor().state(fault.target.domain);
    return status ? Result<bool>(status->state != DomainState::not_defined) : status.error();
}

class SecondInstance final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return choose_other_host(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto& domain = fault.target.domain;
        if (auto defined = context.testbed.define_at(domain, other_host(fault)); !defined) {
            return defined;
        }
        const auto other = context.testbed.host(other_host(fault));
        if (!other) {
            return other.error();
        }
        auto started = (*other)->hypervisor().start(domain);
        const bool refused = !started && started.error().kind == ErrorKind::refused;
        return refused && expects_refusal(fault) ? ok() : started;
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto there = has_qemu(context, fault, other_host(fault));
        if (!there) {
            return there.error();
        }
        const auto first = look_at_remembered(context, fault);
        if (!first) {
            return first.error().kind == ErrorKind::not_found
                       ? Observation{Presence::absent, "the first instance is gone"}
                       : Result<Observation>(first.error());
        }
        if (!expects_refusal(fault)) {
            return Observation{*there ? Presence::active : Presence::absent,
                               *there ? "both hosts have a QEMU of it" : "there is one instance"};
        }
        const auto known = is_known(context, fault);
        if (!known) {
            return known.error();
        }
        return Observation{*known && !*there ? Presence::active : Presence::absent,
                           *there ? "the second instance runs" : "there is one instance"};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto other = context.testbed.host(other_host(fault));
        auto there = has_qemu(context, fault, other_host(fault));
        if (!other || !there) {
            return other ? Status(there.error()) : Status(other.error());
        }
        auto& hypervisor = (*other)->hypervisor();
        if (*there) {
            if (auto destroyed = hypervisor.destroy(fault.target.domain); !destroyed) {
                return destroyed;
            }
            const auto limit = context.scheduler.now() + death;
            while (there && *there && context.scheduler.now() < limit) {
                context.scheduler.wait_for(between_looks, {});
                there = has_qemu(context, fault, other_host(fault));
            }
        }
        if (!there || *there) {
            return there ? Status(fail(ErrorKind::unavailable, "heal " + fault.id, "it still runs"))
                         : Status(there.error());
        }
        auto forgotten = hypervisor.remove(fault.target.domain);
        return forgotten || forgotten.error().kind == ErrorKind::not_found ? ok() : forgotten;
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto there = has_qemu(context, fault, other_host(fault));
        const auto known = there ? is_known(context, fault) : there.error();
        if (!known) {
            return Observation{Presence::unknown, known.error().text()};
        }
        const bool left = *there || *known;
        return Observation{left ? Presence::active : Presence::absent,
                           left ? "the other host still knows it" : "the other host forgot it"};
    }
};

}  // namespace

std::unique_ptr<Injector> domain_second_instance() {
    return std::make_unique<SecondInstance>();
}

}  // namespace ordeal::injectors
