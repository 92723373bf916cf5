#pragma once

#include "core/testbed.hpp"
#include "testbed/sim/sim_world.hpp"

#include <string>

namespace ordeal {

/// The servers behind the disks of a simulated world.
class SimStorage final : public Storage {
  public:
    explicit SimStorage(SimWorld& world) : world_(world) {}

    Status impose(const DiskName& disk, const std::string& id, const DiskFault& fault) override;
    Status lift(const DiskName& disk, const std::string& id) override;
    Result<DiskFaultState> fault_state(const DiskName& disk, const std::string& id) override;
    Result<std::optional<ProcessRef>> server(const DiskName& disk) override;
    Status start_server(const DiskName& disk) override;
    Status mark(const DiskName& disk, std::span<const std::byte> bytes) override;

  private:
    [[nodiscard]] Result<SimDisk*> find(const DiskName& disk) const;

    SimWorld& world_;
};

}  // namespace ordeal
