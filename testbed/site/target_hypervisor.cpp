#include "testbed/site/target_hypervisor.hpp"

#include <algorithm>
#include <pugixml.hpp>
#include <string_view>
#include <utility>

namespace ordeal {
namespace {

/// The namespace that an element's prefix stands for, looked up through its parents.
std::string_view namespace_of(const pugi::xml_node& element) {
    const std::string_view name = element.name();
    const auto colon = name.find(':');
    const std::string attribute =
        colon == name.npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon));
    for (auto node = element; node; node = node.parent()) {
        if (const auto found = node.attribute(attribute.c_str())) {
            return found.value();
        }
    }
    return {};
}

std::string uuid_in(const std::string& domain_xml) {
    pugi::xml_document document;
    document.load_string(domain_xml.c_str());
    return document.child("domain").child_value("uuid");
}

}  // namespace

bool has_opted_in(const std::string& domain_xml) {
    pugi::xml_document document;
    if (!document.load_string(domain_xml.c_str())) {
        return false;
    }
    const auto children = document.child("domain").child("metadata").children();
    return std::ranges::any_of(children, [](const pugi::xml_node& child) {
        const std::string_view name = child.name();
        return name.substr(name.find(':') + 1) == "target" &&
               namespace_of(child) == opt_in_namespace;
    });
}

template <class T>
T TargetHypervisor::named(T result) const {
    if (result) {
        return result;
    }
    auto error = result.error();
    error.tried = "host " + host_ + ", libvirt: " + error.tried;
    return T(std::move(error));
}

Status TargetHypervisor::permitted(const std::string& domain) {
    {
        const std::lock_guard lock(mutex_);
        if (permitted_.contains(domain)) {
            return ok();
        }
    }
    const auto tried = "touch domain " + domain + " on host " + host_;
    const auto target = std::ranges::find_if(site_.targets, [&](const SiteTarget& each) {
        return each.host == host_ && each.domain == domain;
    });
    if (target == site_.targets.end()) {
        return fail(ErrorKind::refused,
                    tried,
                    "it is no target of " + site_.path,
                    "a [[target]] of that file names what may be hurt");
    }
    const auto xml = named(libvirt_->xml(domain));
    if (!xml) {
        return xml.error();
    }
    if (!target->uuid.empty() && uuid_in(*xml) != target->uuid) {
        return fail(ErrorKind::refused,
                    tried,
                    "its UUID is " + uuid_in(*xml) + ", not " + target->uuid,
                    "correct the target's uuid in " + site_.path);
    }
    if (target->uuid.empty() && !has_opted_in(*xml)) {
        return fail(ErrorKind::refused,
                    tried,
                    "it has not opted in to be hurt",
                    "virsh metadata " + domain + " " + opt_in_namespace +
                        " --key ordeal --set '<target/>' --config --live; or name its uuid in " +
                        site_.path);
    }
    const std::lock_guard lock(mutex_);
    permitted_.insert(domain);
    return ok();
}

template <class Deed>
Status TargetHypervisor::change(const std::string& domain, Deed deed) {
    const auto may = permitted(domain);
    return may ? named(deed(*libvirt_)) : may;
}

Result<DomainStatus> TargetHypervisor::state(const std::string& domain) {
    return named(libvirt_->state(domain));
}

Status TargetHypervisor::start(const std::string& domain) {
    return change(domain, [&](Libvirt& libvirt) -> Status {
        const auto now = libvirt.state(domain);
        return now && now->state == DomainState::running ? ok() : libvirt.start(domain);
    });
}

Status TargetHypervisor::destroy(const std::string& domain) {
    return change(domain, [&](Libvirt& libvirt) { return libvirt.destroy(domain); });
}

Status TargetHypervisor::suspend(const std::string& domain) {
    return change(domain, [&](Libvirt& libvirt) { return libvirt.suspend(domain); });
}

Status TargetHypervisor::resume(const std::string& domain) {
    return change(domain, [&](Libvirt& libvirt) { return libvirt.resume(domain); });
}

Status TargetHypervisor::remove(const std::string& domain) {
    return fail(ErrorKind::refused,
                "remove domain " + domain + " on host " + host_,
                "ordeal has not made it");
}

Result<std::vector<std::string>> TargetHypervisor::domains() {
    return named(libvirt_->domains());
}

Status TargetHypervisor::inject_nmi(const std::string& domain) {
    return change(domain, [&](Libvirt& libvirt) { return libvirt.inject_nmi(domain); });
}

Status TargetHypervisor::set_link(const std::string& domain, LinkState state) {
    return change(domain, [&](Libvirt& libvirt) { return libvirt.set_link(domain, state); });
}

Result<LinkState> TargetHypervisor::link(const std::string& domain) {
    return named(libvirt_->link(domain));
}

Result<DomainOrders*> TargetHypervisor::orders(const std::string& domain) {
    const auto may = permitted(domain);
    return may ? libvirt_->orders(domain) : may.error();
}

Status TargetHypervisor::alive(Duration deadline) {
    return named(libvirt_->alive(deadline));
}

Result<Subscription> TargetHypervisor::subscribe(const std::string& domain,
                                                 std::function<void(const DomainEvent&)> callback) {
    return named(libvirt_->subscribe(domain, std::move(callback)));
}

Status TargetHypervisor::ping_guest_agent(const std::string& domain, Duration deadline) {
    return named(libvirt_->ping_guest_agent(domain, deadline));
}

}  // namespace ordeal
