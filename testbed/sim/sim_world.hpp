#pragma once

#include "testbed/sim/sim_domain.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ordeal {

/// What becomes of a deed that changes the simulated world.
enum class Deed {
    works,
    does_nothing,  ///< the call succeeds and nothing happens: the lie that observers must uncover
    fails          ///< the call is refused
};

/// Mishaps that a test orders; looked at when the call begins.
struct SimMishaps {
    Deed signals = Deed::works;       ///< Host::signal
    Deed libvirt = Deed::works;       ///< start, destroy, suspend, resume
    Deed services = Deed::works;      ///< Host::start_service
    Deed guest_faults = Deed::works;  ///< Guest::inject
    Deed power = Deed::works;         ///< Power::order
    Deed commands = Deed::works;      ///< Host::run
    Deed network = Deed::works;       ///< Network: cut, impair, mend
    Deed storage = Deed::works;       ///< Storage: impose, lift, start_server
    bool libvirt_hangs = false;       ///< each call ends with `timeout` after its deadline
    bool agent_silent = false;        ///< takes no order and answers nothing; heartbeats go on
    bool blind = false;               ///< processes, networks and disks' reports cannot be read
    bool no_impairment = false;       ///< the switches can cut, but not impair
    bool power_lies = false;          ///< Power::state says the opposite
};

class SimMigration;

/// A simulated host with its power, processes, services and domains.
class SimMachine {
  public:
    SimMachine(SimAgenda& agenda, std::string name);
    SimMachine(const SimMachine&) = delete;
    SimMachine& operator=(const SimMachine&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }

    SimProcesses& processes() { return processes_; }

    /// `not_found` when it does not run.
    [[nodiscard]] Result<ProcessRef> service(const std::string& service) const;
    /// Nothing happens on a machine that is not up.
    void launch_service(const std::string& service);

    [[nodiscard]] PowerState power() const { return power_; }

    /// Its operating system runs.
    [[nodiscard]] bool up() const { return up_; }

    [[nodiscard]] std::string boot_id() const { return name_ + "-boot-" + std::to_string(boot_); }

    /// Every process ends at once; libvirt forgets no domain.
    void power_off();
    /// Boots, which takes seconds; fine when the power is on already.
    void power_on();
    /// The kernel panics and stays so: every process ends, the power stays on.
    void panic();

    std::map<std::string, std::shared_ptr<SimDomain>, std::less<>> domains;
    std::map<std::string, ProcessRef> incoming;  ///< QEMUs that wait for a domain's memory
    std::map<std::string, ProcessRef> programs;  ///< that a controller started
    std::map<std::string, std::uint64_t> files;  ///< size of what a controller made, by name

  private:
    void service_ended(const std::string& service);
    void stop_system();
    void boot();

    SimAgenda& agenda_;
    const std::string name_;
    SimProcesses processes_;
    std::map<std::string, ProcessRef> services_;
    PowerState power_ = PowerState::on;
    bool up_ = false;
    int boot_ = 0;
};

/// All that exists in the simulation. Outlives the testbeds that look at it, so a test can open a
/// second testbed on it as a fresh process would.
class SimWorld {
  public:
    explicit SimWorld(SimScheduler& scheduler, const std::vector<std::string>& hosts = {"n1"});

    [[nodiscard]] SimScheduler& scheduler() const { return agenda_.scheduler(); }

    SimAgenda& agenda() { return agenda_; }

    SimMishaps& mishaps() { return mishaps_; }

    [[nodiscard]] std::vector<SimMachine*> machines() const;
    /// nullptr when there is none.
    [[nodiscard]] SimMachine* machine(std::string_view name) const;
    /// The domain by the name that libvirt knows; for tests that do to it what no injector can.
    [[nodiscard]] std::shared_ptr<SimDomain> domain(std::string_view name) const;

    /// Cuts of the networks, by their ids.
    void cut(const std::string& id, std::vector<Way> ways);
    void impair(const std::string& id, std::vector<Way> ways, const Impairment& impairment);
    void mend(const std::string& id);

    [[nodiscard]] bool is_cut(const std::string& id) const {
        return cuts_.contains(id) || impairments_.contains(id);
    }

    /// All that impairs the way there or back, added up.
    [[nodiscard]] Impairment impairment(Plane plane,
                                        std::string_view one,
                                        std::string_view other) const;

    /// Whether a frame of `plane` from one to the other arrives. Empty: the controller.
    [[nodiscard]] bool passes(Plane plane, std::string_view from, std::string_view to) const;

    /// The same there and back again.
    [[nodiscard]] bool connected(Plane plane, std::string_view one, std::string_view other) const {
        return passes(plane, one, other) && passes(plane, other, one);
    }

    /// Migrations under way, by domain.
    std::map<std::string, std::shared_ptr<SimMigration>> migrations;

    /// What `capture` copies for disks of this name. Without it there is no image.
    void supply_image(const std::string& disk, std::filesystem::path image);
    [[nodiscard]] const std::filesystem::path* image(const std::string& disk) const;

  private:
    void rewire();

    SimMishaps mishaps_;
    std::vector<std::unique_ptr<SimMachine>> machines_;
    std::map<std::string, std::filesystem::path> images_;

    struct Impaired {
        std::vector<Way> ways;
        Impairment impairment;
    };

    std::map<std::string, std::vector<Way>> cuts_;
    std::map<std::string, Impaired> impairments_;
    SimAgenda agenda_;  // last: its task must end before what its actions touch
};

}  // namespace ordeal
