#include "testbed/sim/sim_testbed.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration provision_latency = 150ms;
constexpr Duration call_deadline = 5s;

}  // namespace

SimTestbed::SimTestbed(SimWorld& world) : world_(world) {
    for (auto* machine : world.machines()) {
        hosts_.push_back(std::make_unique<SimHost>(world, *machine));
    }
}

std::vector<std::string> SimTestbed::hosts() const {
    std::vector<std::string> names;
    for (const auto& host : hosts_) {
        names.push_back(host->name());
    }
    return names;
}

Result<Host*> SimTestbed::host(std::string_view name) {
    const auto found =
        std::ranges::find_if(hosts_, [&](const auto& host) { return host->name() == name; });
    if (found == hosts_.end()) {
        return fail(ErrorKind::not_found, "find host " + std::string(name), "there is none");
    }
    return found->get();
}

Result<Provisioned> SimTestbed::provision(const DomainSpec& spec,
                                          const std::string& name,
                                          int slot,
                                          const std::filesystem::path& /*directory*/) {
    auto& host = *hosts_.at(static_cast<std::size_t>(slot) % hosts_.size());
    const auto tried = "define " + name + " on " + host.name();
    if (auto asked = host.hypervisor().ask(tried, provision_latency, call_deadline); !asked) {
        return asked.error();
    }
    if (world_.domain(name) != nullptr) {
        return fail(ErrorKind::refused, tried, "there is a domain of this name");
    }
    auto& machine = host.machine();
    auto domain = std::make_shared<SimDomain>(world_.agenda(), machine.processes(), spec, name);
    machine.domains[name] = domain;
    guests_[name] = std::make_unique<SimGuest>(world_, domain);
    return Provisioned{
        .domain = name, .uuid = "simulated-" + name, .host = host.name(), .mac = sim_mac(name)};
}

Status SimTestbed::define_at(const std::string& domain, const std::string& host) {
    const auto tried = "define " + domain + " at " + host;
    auto* machine = world_.machine(host);
    const auto found = world_.domain(domain);
    if (machine == nullptr || found == nullptr) {
        return fail(ErrorKind::not_found, tried, "there is no such host or domain");
    }
    if (machine->domains.contains(domain)) {
        return ok();
    }
    if (found->qemu()) {
        machine->domains[domain] = std::make_shared<SimDomain>(
            world_.agenda(), machine->processes(), found->spec(), domain);
        return ok();
    }
    for (auto* other : world_.machines()) {
        other->domains.erase(domain);
    }
    found->move_to(machine->processes());
    machine->domains[domain] = found;
    return ok();
}

Result<Host*> SimTestbed::host_of(const std::string& domain) {
    Host* last = nullptr;
    for (const auto& host : hosts_) {
        const auto found = host->machine().domains.find(domain);
        if (found != host->machine().domains.end()) {
            last = last == nullptr || found->second->qemu() ? host.get() : last;
            if (found->second->qemu()) {
                break;
            }
        }
    }
    return last != nullptr
               ? Result<Host*>(last)
               : fail(ErrorKind::not_found, "find the host of " + domain, "no such one");
}

Result<Guest*> SimTestbed::guest(const std::string& domain) {
    auto found = guests_.find(domain);
    const auto running = world_.domain(domain);
    if (found == guests_.end() && running != nullptr && running->qemu()) {
        found = guests_.emplace(domain, std::make_unique<SimGuest>(world_, running)).first;
    }
    if (found == guests_.end()) {
        return fail(ErrorKind::not_found, "open the guest " + domain, "it does not run");
    }
    return found->second.get();
}

Result<Specimen> SimTestbed::capture(const std::string& domain,
                                     const std::string& disk,
                                     const std::filesystem::path& destination) {
    const auto tried = "capture disk " + disk + " of " + domain;
    const auto found = world_.domain(domain);
    if (found == nullptr) {
        return fail(ErrorKind::not_found, tried, "there is no such domain");
    }
    if (found->qemu()) {
        return fail(ErrorKind::refused, tried, "a QEMU has it open");
    }
    const auto& disks = found->spec().disks;
    const auto spec = std::ranges::find(disks, disk, &DiskSpec::name);
    const auto* image = world_.image(disk);
    if (spec == disks.end() || image == nullptr) {
        return fail(ErrorKind::not_found, tried, "there is no image");
    }
    std::error_code error;
    std::filesystem::copy_file(
        *image, destination, std::filesystem::copy_options::overwrite_existing, error);
    if (error) {
        return fail(ErrorKind::unavailable, tried, error.message());
    }
    return Specimen{.domain = domain, .disk = *spec, .image = destination};
}

Result<std::vector<CacheContract>> SimTestbed::cache_contracts(const std::string& /*domain*/) {
    return std::vector<CacheContract>{};
}

Status SimTestbed::remove(const std::string& domain) {
    for (const auto& host : hosts_) {
        if (!host->machine().domains.contains(domain)) {
            continue;
        }
        if (auto removed = host->hypervisor().remove(domain); !removed) {
            return removed;
        }
    }
    guests_.erase(domain);
    return ok();
}

Fields SimTestbed::versions() {
    return {{"testbed", std::string("simulated")}};
}

}  // namespace ordeal
