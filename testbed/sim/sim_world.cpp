#include "testbed/sim/sim_world.hpp"

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration boot_time = 4s;

bool affects(const std::vector<Way>& ways,
             Plane plane,
             std::string_view from,
             std::string_view to) {
    const auto hits = [](std::string_view end, std::string_view who) {
        return end.empty() || end == who;
    };
    return std::ranges::any_of(ways, [&](const Way& way) {
        return way.plane == plane && hits(way.from, from) && hits(way.to, to);
    });
}

}  // namespace

SimMachine::SimMachine(SimAgenda& agenda, std::string name)
    : agenda_(agenda), name_(std::move(name)), processes_(agenda) {
    boot();
}

void SimMachine::boot() {
    ++boot_;
    up_ = true;
    for (const auto* service : {"libvirtd", "virtlogd", "virtlockd", "sshd"}) {
        launch_service(service);
    }
}

void SimMachine::stop_system() {
    up_ = false;
    processes_.end_all();
}

void SimMachine::power_off() {
    power_ = PowerState::off;
    stop_system();
}

void SimMachine::panic() {
    stop_system();
}

void SimMachine::power_on() {
    if (power_ == PowerState::on) {
        return;
    }
    power_ = PowerState::on;
    agenda_.after(boot_time, [this] {
        if (power_ == PowerState::on && !up_) {
            boot();
        }
    });
}

Result<ProcessRef> SimMachine::service(const std::string& service) const {
    const auto found = services_.find(service);
    if (found == services_.end()) {
        return fail(
            ErrorKind::not_found, "find service " + service + " on " + name_, "it does not run");
    }
    return found->second;
}

void SimMachine::launch_service(const std::string& service) {
    if (!up_ || services_.contains(service)) {
        return;
    }
    services_[service] = processes_.launch([this, service] { service_ended(service); });
    if (service == "libvirtd") {
        for (const auto& [name, domain] : domains) {
            domain->libvirt_back();
        }
    }
}

void SimMachine::service_ended(const std::string& service) {
    services_.erase(service);
    if (service == "libvirtd") {
        for (const auto& [name, domain] : domains) {
            domain->libvirt_lost();
        }
    }
}

SimWorld::SimWorld(SimScheduler& scheduler, const std::vector<std::string>& hosts)
    : agenda_(scheduler) {
    for (const auto& host : hosts) {
        machines_.push_back(std::make_unique<SimMachine>(agenda_, host));
    }
}

std::vector<SimMachine*> SimWorld::machines() const {
    std::vector<SimMachine*> all;
    for (const auto& machine : machines_) {
        all.push_back(machine.get());
    }
    return all;
}

SimMachine* SimWorld::machine(std::string_view name) const {
    for (const auto& machine : machines_) {
        if (machine->name() == name) {
            return machine.get();
        }
    }
    return nullptr;
}

std::shared_ptr<SimDomain> SimWorld::domain(std::string_view name) const {
    for (const auto& machine : machines_) {
        if (const auto found = machine->domains.find(name); found != machine->domains.end()) {
            return found->second;
        }
    }
    return nullptr;
}

void SimWorld::cut(const std::string& id, std::vector<Way> ways) {
    cuts_[id] = std::move(ways);
    rewire();
}

void SimWorld::impair(const std::string& id, std::vector<Way> ways, const Impairment& impairment) {
    impairments_[id] = {.ways = std::move(ways), .impairment = impairment};
}

void SimWorld::mend(const std::string& id) {
    impairments_.erase(id);
    cuts_.erase(id);
    rewire();
}

bool SimWorld::passes(Plane plane, std::string_view from, std::string_view to) const {
    return std::ranges::none_of(
        cuts_, [&](const auto& cut) { return affects(cut.second, plane, from, to); });
}

Impairment SimWorld::impairment(Plane plane, std::string_view one, std::string_view other) const {
    Impairment sum;
    for (const auto& [id, impaired] : impairments_) {
        const auto& each = impaired.impairment;
        if (affects(impaired.ways, plane, one, other) ||
            affects(impaired.ways, plane, other, one)) {
            sum.loss = std::min(1.0, sum.loss + each.loss);
            sum.delay += each.delay;
            sum.rate = each.rate.count != 0 ? each.rate : sum.rate;
            sum.larger_than = each.larger_than.count != 0 ? each.larger_than : sum.larger_than;
        }
    }
    return sum;
}

void SimWorld::rewire() {
    for (const auto& machine : machines_) {
        const bool reachable = connected(Plane::guest, "", machine->name());
        const bool storage = connected(Plane::storage, "", machine->name());
        for (const auto& [name, domain] : machine->domains) {
            domain->set_plane(reachable);
            domain->set_storage(storage);
        }
    }
}

void SimWorld::supply_image(const std::string& disk, std::filesystem::path image) {
    images_[disk] = std::move(image);
}

const std::filesystem::path* SimWorld::image(const std::string& disk) const {
    const auto found = images_.find(disk);
    return found == images_.end() ? nullptr : &found->second;
}

}  // namespace ordeal
