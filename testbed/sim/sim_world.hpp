#pragma once

#include "testbed/sim/sim_domain.hpp"

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
    bool libvirt_hangs = false;       ///< each call ends with `timeout` after its deadline
    bool agent_silent = false;        ///< takes no order and answers nothing; heartbeats go on
    bool blind = false;               ///< the process table cannot be read
};

/// A simulated host with its processes, services and domains.
class SimMachine {
  public:
    SimMachine(SimAgenda& agenda, std::string name);
    SimMachine(const SimMachine&) = delete;
    SimMachine& operator=(const SimMachine&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }

    SimProcesses& processes() { return processes_; }

    /// `not_found` when it does not run.
    [[nodiscard]] Result<ProcessRef> service(const std::string& service) const;
    void launch_service(const std::string& service);

    std::map<std::string, std::shared_ptr<SimDomain>, std::less<>> domains;

  private:
    void service_ended(const std::string& service);

    SimAgenda& agenda_;
    const std::string name_;
    SimProcesses processes_;
    std::map<std::string, ProcessRef> services_;
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

    /// What `capture` copies for disks of this name. Without it there is no image.
    void supply_image(const std::string& disk, std::filesystem::path image);
    [[nodiscard]] const std::filesystem::path* image(const std::string& disk) const;

  private:
    SimMishaps mishaps_;
    std::vector<std::unique_ptr<SimMachine>> machines_;
    std::map<std::string, std::filesystem::path> images_;
    SimAgenda agenda_;  // last: its task must end before what its actions touch
};

}  // namespace ordeal
