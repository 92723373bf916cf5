#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

Result<Hypervisor*> hypervisor_of(InjectorContext& context, const Fault& fault) {
    auto host = host_of(context, fault);
    return host ? Result<Hypervisor*>(&(*host)->hypervisor()) : host.error();
}

class LinkDown final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        const auto hypervisor = hypervisor_of(context, fault);
        const auto link =
            hypervisor ? (*hypervisor)->link(fault.target.domain) : hypervisor.error();
        if (!link) {
            return link.error();
        }
        if (*link == LinkState::down) {
            return fail(ErrorKind::refused,
                        "prepare to take the link of " + fault.target.domain + " down",
                        "it is down already",
                        "whoever took it down must take it up: healing would do that unasked");
        }
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto hypervisor = hypervisor_of(context, fault);
        return hypervisor ? (*hypervisor)->set_link(fault.target.domain, LinkState::down)
                          : Status(hypervisor.error());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_cut_network(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto hypervisor = hypervisor_of(context, fault);
        if (!hypervisor) {
            return hypervisor.error();
        }
        const auto process = look_at_remembered(context, fault);
        if (!process && process.error().kind == ErrorKind::not_found) {
            return ok();  // a QEMU that is gone has no link; the next one starts with it up
        }
        return (*hypervisor)->set_link(fault.target.domain, LinkState::up);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto process = look_at_remembered(context, fault);
        if (!process) {
            const bool gone = process.error().kind == ErrorKind::not_found;
            return Observation{gone ? Presence::absent : Presence::unknown, process.error().text()};
        }
        const auto hypervisor = hypervisor_of(context, fault);
        const auto link =
            hypervisor ? (*hypervisor)->link(fault.target.domain) : hypervisor.error();
        if (!link) {
            return Observation{Presence::unknown, link.error().text()};
        }
        const bool down = *link == LinkState::down;
        return Observation{down ? Presence::active : Presence::absent,
                           std::string("libvirt says the link is ") + (down ? "down" : "up")};
    }
};

}  // namespace

std::unique_ptr<Injector> network_link_down() {
    return std::make_unique<LinkDown>();
}

}  // namespace ordeal::injectors
