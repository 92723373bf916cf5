#pragma once

#include "core/storage.hpp"
#include "testbed/site/remote_host.hpp"
#include "testbed/site/site_file.hpp"

#include <functional>
#include <string>

namespace ordeal {

/// The servers of a site's disks, as its file names them. They are whole services: who cuts one
/// cuts every disk that it serves. What a disk does to single requests is beyond them.
class SiteStorageDoor final : public Storage {
  public:
    using FindHost = std::function<Result<Host*>(const std::string& name)>;

    /// `site` must outlive it.
    SiteStorageDoor(const Site& site, FindHost host) : site_(site), host_(std::move(host)) {}

    Status impose(const DiskName& disk, const std::string& id, const DiskFault& fault) override;
    Status lift(const DiskName& disk, const std::string& id) override;
    Result<DiskFaultState> fault_state(const DiskName& disk, const std::string& id) override;
    Result<std::optional<ProcessRef>> server(const DiskName& disk) override;
    Status start_server(const DiskName& disk) override;
    /// Nobody records a site's disks.
    Status mark(const DiskName& disk, std::span<const std::byte> bytes) override;

  private:
    struct Server {
        Host* host = nullptr;
        std::string service;
    };

    [[nodiscard]] Result<Server> find(const DiskName& disk) const;

    const Site& site_;
    FindHost host_;
};

}  // namespace ordeal
