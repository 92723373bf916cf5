#pragma once

#include "core/testbed.hpp"
#include "testbed/bare_machines.hpp"
#include "testbed/lab/node.hpp"
#include "testbed/libvirt.hpp"
#include "testbed/power.hpp"
#include "testbed/procfs.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ordeal {

/// Where a domain's QEMU makes a monitor of its own, as the node sees it.
[[nodiscard]] std::filesystem::path monitor_socket(const std::string& domain);

/// A node of the lab as the host that it is: libvirt and ssh over the management plane, power by
/// IPMI. The storage node has no libvirt: it runs no domain, and nobody misses one. Thread-safe.
/// Opens whether or not its libvirtd answers, or the node is on at all.
class LabHost final : public Host {
  public:
    /// `before_start` is told of every domain that is started through hypervisor(); its failure is
    /// the start's.
    [[nodiscard]] static Result<std::unique_ptr<LabHost>> open(
        LabNode node, std::function<Status(const std::string& domain)> before_start);

    [[nodiscard]] const std::string& name() const override { return node_.name(); }

    Hypervisor& hypervisor() override { return machines_; }

    /// Of a bare machine: its first process.
    Result<ProcessRef> qemu_process(const std::string& domain) override;
    Result<std::string> run_state(const std::string& domain, Duration deadline) override;
    Result<std::vector<DiskQueue>> disk_queues(const std::string& domain,
                                               Duration deadline) override;
    Result<std::vector<Duration>> vcpu_times(const ProcessRef& qemu) override;
    Result<ProcessRef> service_process(const std::string& service) override;
    Status start_service(const std::string& service) override;
    Result<ProcessStatus> process_status(const ProcessRef& process) override;
    Status signal(const ProcessRef& process, Signal signal) override;

    Status confine(const ProcessRef& process, const Confinement& confinement) override;
    Result<Confined> confined(const ProcessRef& process) override;
    Status release(const ProcessRef& process) override;

    Result<Power*> power() override { return &power_; }

    Result<std::string> boot_id(Duration deadline) override;
    Result<HostOutput> run(const std::vector<std::string>& argv, Duration deadline) override;
    /// The node's own trigger, served by its hardware: the kernel's is everybody's.
    Status sysrq(char letter, Duration deadline) override;
    Status start_program(const std::string& name,
                         const std::vector<std::string>& argv,
                         Duration deadline) override;
    Result<ProgramStatus> program(const std::string& name) override;
    Status end_program(const std::string& name) override;

    /// nullptr: it runs no domains.
    [[nodiscard]] Libvirt* libvirt() { return dynamic_cast<Libvirt*>(hypervisor_.get()); }

    [[nodiscard]] BareMachines& bare_machines() { return machines_; }

    [[nodiscard]] const LabNode& node() const { return node_; }

  private:
    LabHost(LabNode node,
            std::unique_ptr<Hypervisor> hypervisor,
            std::function<Status(const std::string& domain)> before_start);

    /// All processes of the program's session; none when it does not run.
    [[nodiscard]] Result<std::vector<ProcessInfo>> members(const std::string& name) const;

    LabNode node_;
    std::unique_ptr<Hypervisor> hypervisor_;
    BareMachines machines_;
    IpmiPower power_;
    std::mutex mutex_;
    std::map<std::string, ProcessHold> qemus_;  ///< by domain: the last one found; may have died
};

}  // namespace ordeal
