// On which host a domain is, how it gets to another, and its doors.
#include "testbed/lab_testbed_entry.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace ordeal {

Result<LabHost*> LabTestbed::host_named(const std::string& name, const std::string& tried) const {
    const auto found = std::ranges::find_if(hosts_, [&](const auto& host) {
        return host->libvirt() != nullptr && (name.empty() || host->name() == name);
    });
    if (found == hosts_.end()) {
        return fail(ErrorKind::not_found,
                    tried,
                    "lab " + lab_.name() + " has " + std::to_string(hosts().size()) +
                        " hosts, and no " + name,
                    "ordeal lab up --nodes N");
    }
    return found->get();
}

Result<LabHost*> LabTestbed::host_for(const DomainSpec& spec) const {
    return host_named(spec.host, "find host " + spec.host + " for domain " + spec.name);
}

Status LabTestbed::define_at(const std::string& domain, const std::string& host) {
    const auto tried = "define " + domain + " at " + host;
    const auto entry = find(domain);
    const auto other = host_named(host, tried);
    if (!entry || !other) {
        return other ? Status(fail(ErrorKind::not_found, tried, "it was not provisioned here"))
                     : Status(other.error());
    }
    const bool shared = std::ranges::none_of(entry->spec.disks, [](const DiskSpec& disk) {
        return disk.backing == "local" || disk.backing == "recorded";
    });
    if (!shared) {
        return fail(ErrorKind::refused, tried, "a disk of it is its host's own");
    }
    const auto uuid = (*other)->libvirt()->define(entry->xml);
    return uuid ? ok() : Status(uuid.error());
}

namespace {

/// A QEMU that only waits for the domain's memory may yet go; the definition comes last.
bool has_arrived(const LabHost& host, const std::string& domain) {
    std::error_code error;
    return std::filesystem::exists(
        host.node().outside(std::filesystem::path("/etc/libvirt/qemu") / (domain + ".xml")), error);
}

}  // namespace

Result<Host*> LabTestbed::host_of(const std::string& domain) {
    const auto entry = find(domain);
    if (!entry) {
        return fail(ErrorKind::not_found, "find the host of " + domain, "not provisioned here");
    }
    LabHost* last = entry->host.load();
    if (last->qemu_process(domain)) {
        return last;
    }
    for (const auto& host : hosts_) {
        if (host->libvirt() != nullptr && host->qemu_process(domain) &&
            has_arrived(*host, domain)) {
            entry->host = host.get();
            return host.get();
        }
    }
    return last;
}

Result<Guest*> LabTestbed::guest(const std::string& domain) {
    if (const auto entry = find(domain)) {
        return entry->doors.get();
    }
    const auto runs = std::ranges::any_of(
        hosts_, [&](const auto& host) { return host->qemu_process(domain).has_value(); });
    if (!runs) {
        return fail(ErrorKind::not_found, "find the guest of " + domain, "it does not run here");
    }
    const std::lock_guard lock(mutex_);
    auto& doors = found_[domain];
    if (!doors) {
        auto opened = GuestDoors::open({.domain = domain, .agent_sockets = agent_sockets(domain)},
                                       scheduler_);
        if (!opened) {
            return opened.error();
        }
        doors = std::move(*opened);
    }
    return doors.get();
}

}  // namespace ordeal
