// What a simulated libvirt can do to a domain besides starting and ending it.
#include "testbed/sim/sim_host.hpp"
#include "testbed/sim/sim_migration.hpp"

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration question_latency = 1ms;
constexpr Duration monitor_deadline = 5s;

}  // namespace

Status SimOrders::order(const std::string& domain, DomainOrder order) {
    auto target =
        libvirt_.order(std::string(name_of(order)), domain, SimHypervisor::Monitor::needed);
    if (!target || *target == nullptr) {
        return target ? ok() : Status(target.error());
    }
    const auto migration = world_.migrations.find(domain);
    if (order != DomainOrder::abort_migration) {
        (*target)->obey(order);
    } else if (migration == world_.migrations.end()) {
        return fail(ErrorKind::refused, "abort the migration of " + domain, "there is none");
    } else {
        migration->second->give_up("it was aborted");
    }
    return ok();
}

Result<std::shared_ptr<SimDomain>> SimOrders::ask(const std::string& tried,
                                                  const std::string& domain) {
    if (auto asked = libvirt_.ask(tried, question_latency, monitor_deadline); !asked) {
        return asked.error();
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end()) {
        return fail(ErrorKind::not_found, tried, "it is not defined");
    }
    if (!found->second->qemu()) {
        return fail(ErrorKind::refused, tried, "the domain does not run");
    }
    if (found->second->frozen()) {
        world_.scheduler().wait_for(monitor_deadline, {});
        return fail(ErrorKind::timeout, tried, "QEMU's monitor does not answer");
    }
    return found->second;
}

Result<bool> SimOrders::executes(const std::string& domain) {
    const auto found = ask("ask whether " + domain + " executes", domain);
    return found ? Result<bool>((*found)->vcpus_run()) : found.error();
}

Result<Bytes> SimOrders::memory(const std::string& domain) {
    const auto found = ask("ask for the memory of " + domain, domain);
    if (found && !(*found)->spec().hotplug) {
        return fail(ErrorKind::refused, "ask for the memory of " + domain, "it has no balloon");
    }
    return found ? Result<Bytes>((*found)->memory()) : found.error();
}

Status SimOrders::set_memory(const std::string& domain, Bytes size) {
    auto target = libvirt_.order("set the memory of", domain, SimHypervisor::Monitor::needed);
    if (target && *target != nullptr) {
        (*target)->squeeze(size);
    }
    return target ? ok() : Status(target.error());
}

Result<std::string> SimOrders::device(const std::string& domain,
                                      DeviceKind kind,
                                      const std::string& name) {
    const auto found = ask("read the definition of " + domain, domain);
    if (!found) {
        return found.error();
    }
    return kind == DeviceKind::network_card ? "card" : "disk " + name;
}

Result<bool> SimOrders::has_device(const std::string& domain,
                                   DeviceKind kind,
                                   const std::string& name) {
    const auto found = ask("look for a device of " + domain, domain);
    if (!found) {
        return found.error();
    }
    return kind == DeviceKind::network_card ? (*found)->has_card() : (*found)->has_disk(name);
}

Status SimOrders::plug_or_unplug(const std::string& domain, const std::string& device, bool there) {
    auto target = libvirt_.order("plug", domain, SimHypervisor::Monitor::needed);
    if (!target || *target == nullptr) {
        return target ? ok() : Status(target.error());
    }
    if (device == "card") {
        (*target)->set_card(there);
    } else {
        (*target)->set_disk(device.substr(device.find(' ') + 1), there);
    }
    return ok();
}

Status SimOrders::unplug(const std::string& domain, const std::string& device) {
    return plug_or_unplug(domain, device, false);
}

Status SimOrders::plug(const std::string& domain, const std::string& device) {
    return plug_or_unplug(domain, device, true);
}

Result<MigrationProgress> SimOrders::migration(const std::string& domain) {
    if (const auto found = ask("ask how far the migration of " + domain + " has come", domain);
        !found) {
        return found.error();
    }
    const auto migration = world_.migrations.find(domain);
    return migration == world_.migrations.end() ? MigrationProgress{}
                                                : migration->second->progress();
}

Status SimHost::confine(const ProcessRef& process, const Confinement& confinement) {
    const auto tried = "confine process " + std::to_string(process.pid);
    if (!machine_.processes().has(process)) {
        return fail(ErrorKind::not_found, tried, "there is no such process");
    }
    if (world_.mishaps().signals == Deed::fails) {
        return fail(ErrorKind::refused, tried, "not permitted");
    }
    if (world_.mishaps().signals == Deed::works) {
        machine_.processes().confine(process, confinement);
    }
    return ok();
}

Result<Confined> SimHost::confined(const ProcessRef& process) {
    if (auto looked = look("look at process " + std::to_string(process.pid)); !looked) {
        return looked.error();
    }
    return machine_.processes().confined(process);
}

Status SimHost::release(const ProcessRef& process) {
    if (world_.mishaps().signals == Deed::fails) {
        return fail(
            ErrorKind::refused, "release process " + std::to_string(process.pid), "not permitted");
    }
    if (world_.mishaps().signals == Deed::works) {
        machine_.processes().release(process);
    }
    return ok();
}

}  // namespace ordeal
