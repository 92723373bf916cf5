#pragma once

#include "core/testbed.hpp"
#include "testbed/sim/sim_world.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ordeal {

class SimHypervisor;

/// What a simulated libvirt can do to a domain besides.
class SimOrders final : public DomainOrders {
  public:
    SimOrders(SimWorld& world, SimMachine& machine, SimHypervisor& libvirt)
        : world_(world), machine_(machine), libvirt_(libvirt) {}

    Status order(const std::string& domain, DomainOrder order) override;
    Result<bool> executes(const std::string& domain) override;
    Result<Bytes> memory(const std::string& domain) override;
    Status set_memory(const std::string& domain, Bytes size) override;
    Result<std::string> device(const std::string& domain,
                               DeviceKind kind,
                               const std::string& name) override;
    Result<bool> has_device(const std::string& domain,
                            DeviceKind kind,
                            const std::string& name) override;
    Status unplug(const std::string& domain, const std::string& device) override;
    Status plug(const std::string& domain, const std::string& device) override;
    Result<MigrationProgress> migration(const std::string& domain) override;

  private:
    Status plug_or_unplug(const std::string& domain, const std::string& device, bool there);
    /// What QEMU's monitor is asked, which needs an answer of it.
    Result<std::shared_ptr<SimDomain>> ask(const std::string& tried, const std::string& domain);

    SimWorld& world_;
    SimMachine& machine_;
    SimHypervisor& libvirt_;
};

/// libvirt on a simulated machine. Calls take some milliseconds of virtual time.
class SimHypervisor final : public Hypervisor {
  public:
    SimHypervisor(SimWorld& world, SimMachine& machine) : world_(world), machine_(machine) {}

    Result<DomainStatus> state(const std::string& domain) override;
    Status start(const std::string& domain) override;
    /// Of a frozen QEMU it takes 10 s: libvirt first asks politely.
    Status destroy(const std::string& domain) override;
    Status suspend(const std::string& domain) override;
    Status resume(const std::string& domain) override;
    Status remove(const std::string& domain) override;
    Result<std::vector<std::string>> domains() override;
    /// As SimMigration does it.
    Status migrate(const std::string& domain,
                   const Migration& migration,
                   Duration deadline) override;
    Status inject_nmi(const std::string& domain) override;
    Status set_link(const std::string& domain, LinkState state) override;
    Result<LinkState> link(const std::string& domain) override;
    /// Every guest has a guest agent, and it is not our agent.
    Status ping_guest_agent(const std::string& domain, Duration deadline) override;

    Result<DomainOrders*> orders(const std::string& /*domain*/) override { return &orders_; }

    Status alive(Duration deadline) override;
    Result<Subscription> subscribe(const std::string& domain,
                                   std::function<void(const DomainEvent&)> callback) override;

    /// Gets an answer from libvirtd, which takes `latency`.
    Status ask(const std::string& tried, Duration latency, Duration deadline);

    enum class Monitor { needed, not_needed };

    /// One order to a domain: whether it is to be carried out (`does_nothing` is false).
    Result<std::shared_ptr<SimDomain>> order(const std::string& verb,
                                             const std::string& domain,
                                             Monitor monitor);

  private:
    SimWorld& world_;
    SimMachine& machine_;
    SimOrders orders_{world_, machine_, *this};
};

/// The power controller of a simulated machine: it answers whatever becomes of the machine.
class SimPower final : public Power {
  public:
    SimPower(SimWorld& world, SimMachine& machine) : world_(world), machine_(machine) {}

    Result<PowerState> state(Duration deadline) override;
    Status order(PowerOrder order, Duration deadline) override;

  private:
    SimWorld& world_;
    SimMachine& machine_;
};

class SimHost final : public Host {
  public:
    SimHost(SimWorld& world, SimMachine& machine)
        : world_(world), machine_(machine), hypervisor_(world, machine), power_(world, machine) {}

    [[nodiscard]] const std::string& name() const override { return machine_.name(); }

    SimHypervisor& hypervisor() override { return hypervisor_; }

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
    /// Knows "true" and "stress-ng", and of files of its one file system "fallocate -l SIZE FILE",
    /// "rm -f FILE", "test -e FILE" and "stat -f".
    Result<HostOutput> run(const std::vector<std::string>& argv, Duration deadline) override;
    /// Knows b and c.
    Status sysrq(char letter, Duration deadline) override;
    /// Whatever it is, it uses a processor, has a gibibyte of memory and writes 100 MiB a second.
    Status start_program(const std::string& name,
                         const std::vector<std::string>& argv,
                         Duration deadline) override;
    Result<ProgramStatus> program(const std::string& name) override;
    Status end_program(const std::string& name) override;

    SimMachine& machine() { return machine_; }

  private:
    [[nodiscard]] Status look(const std::string& tried) const;
    /// Its QEMU's monitor answers.
    [[nodiscard]] Result<std::shared_ptr<SimDomain>> ask_qemu(const std::string& domain,
                                                              Duration deadline);
    [[nodiscard]] Status log_in(const std::string& tried, Duration deadline);
    /// What looks and changes nothing.
    [[nodiscard]] std::optional<HostOutput> look_at_files(const std::vector<std::string>& argv);

    SimWorld& world_;
    SimMachine& machine_;
    SimHypervisor hypervisor_;
    SimPower power_;
};

class SimNetwork final : public Network {
  public:
    explicit SimNetwork(SimWorld& world) : world_(world) {}

    Status cut(const std::string& id, const std::vector<Way>& ways) override;
    Status impair(const std::string& id,
                  const std::vector<Way>& ways,
                  const Impairment& impairment) override;
    Status can_impair(const Impairment& impairment) override;
    Status mend(const std::string& id) override;
    Result<bool> is_cut(const std::string& id) override;
    Result<Duration> echo(Plane plane,
                          const std::string& from,
                          const std::string& to,
                          Duration deadline) override;
    Result<Bytes> speed(Plane plane,
                        const std::string& from,
                        const std::string& to,
                        Duration span) override;

  private:
    [[nodiscard]] Status order(const std::string& tried, const std::function<void()>& deed);

    SimWorld& world_;
    double owed_ = 0;  ///< of echoes that impairments take
};

}  // namespace ordeal
