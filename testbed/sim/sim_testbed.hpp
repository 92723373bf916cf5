#pragma once

#include "core/testbed.hpp"
#include "testbed/sim/sim_guest.hpp"
#include "testbed/sim/sim_host.hpp"
#include "testbed/sim/sim_service.hpp"
#include "testbed/sim/sim_storage.hpp"
#include "testbed/sim/sim_world.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ordeal {

/// One process's view of a simulated world. Like a real controller it has doors only into guests
/// that it provisioned itself; hosts and their libvirt it shares with every other.
///
///     SimScheduler scheduler;
///     SimWorld world(scheduler);
///     SimTestbed testbed(world);
class SimTestbed final : public Testbed {
  public:
    explicit SimTestbed(SimWorld& world);

    [[nodiscard]] std::vector<std::string> hosts() const override;
    Result<Host*> host(std::string_view name) override;

    Result<Network*> network() override { return &network_; }

    /// Domains go round the hosts by `slot`.
    Result<Provisioned> provision(const DomainSpec& spec,
                                  const std::string& name,
                                  int slot,
                                  const std::filesystem::path& directory) override;
    /// One that does not run moves there; of one that runs there are two then, and the guest's
    /// doors lead into the first.
    Status define_at(const std::string& domain, const std::string& host) override;
    Result<Host*> host_of(const std::string& domain) override;
    Result<Guest*> guest(const std::string& domain) override;
    /// Copies the image that the test supplied for disks of this name, else `not_found`.
    Result<Specimen> capture(const std::string& domain,
                             const std::string& disk,
                             const std::filesystem::path& destination) override;
    Result<std::vector<CacheContract>> cache_contracts(const std::string& domain) override;
    Status remove(const std::string& domain) override;

    Result<ClientSide*> clients() override { return &clients_; }

    Storage& storage() override { return storage_; }

    [[nodiscard]] Fields versions() override;

  private:
    SimWorld& world_;
    SimNetwork network_{world_};
    SimStorage storage_{world_};
    SimClients clients_{world_};
    std::vector<std::unique_ptr<SimHost>> hosts_;
    std::map<std::string, std::unique_ptr<SimGuest>> guests_;
};

}  // namespace ordeal
