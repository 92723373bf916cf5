#pragma once

#include "testbed/sim/sim_testbed.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace ordeal {

/// A domain with one disk, which faults of storage can act on.
inline DomainSpec vm_with_disk() {
    return {.name = "vm", .hotplug = true, .disks = {{.name = "data", .backing = "nbd"}}};
}

/// A simulated host n1 on which the domain "vm" runs with its agent up and a load.
class SimFixture {
  public:
    explicit SimFixture(const DomainSpec& spec = vm_with_disk(),
                        const std::vector<std::string>& hosts = {"n1"})
        : world(scheduler, hosts) {
        host = *testbed.host("n1");
        (void)testbed.provision(spec, domain, 0, {}).value();
        guest = *testbed.guest(domain);
        host->hypervisor().start(domain).value();
        (void)guest->wait_hello(scheduler.now() + std::chrono::seconds(10)).value();
        guest->start_load({.spec = {.domain = domain}}, std::chrono::seconds(1)).value();
        pass(std::chrono::milliseconds(500));
    }

    void pass(Duration duration) { scheduler.wait_for(duration, {}); }

    [[nodiscard]] SimDomain& vm() const { return *world.domain(domain); }

    [[nodiscard]] DomainStatus libvirt() { return *host->hypervisor().state(domain); }

    const std::string domain = "vm";
    SimScheduler scheduler;
    SimWorld world;
    SimTestbed testbed{world};
    Host* host = nullptr;
    Guest* guest = nullptr;
    std::stop_source stop;
};

}  // namespace ordeal
