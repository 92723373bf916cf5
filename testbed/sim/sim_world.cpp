#include "testbed/sim/sim_world.hpp"

#include <utility>

namespace ordeal {

SimMachine::SimMachine(SimAgenda& agenda, std::string name)
    : agenda_(agenda), name_(std::move(name)), processes_(agenda) {
    for (const auto* service : {"libvirtd", "virtlogd", "sshd"}) {
        launch_service(service);
    }
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
    if (services_.contains(service)) {
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

void SimWorld::supply_image(const std::string& disk, std::filesystem::path image) {
    images_[disk] = std::move(image);
}

const std::filesystem::path* SimWorld::image(const std::string& disk) const {
    const auto found = images_.find(disk);
    return found == images_.end() ? nullptr : &found->second;
}

}  // namespace ordeal
