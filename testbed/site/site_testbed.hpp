#pragma once

#include "core/scheduler.hpp"
#include "core/testbed.hpp"
#include "testbed/guest_doors.hpp"
#include "testbed/heartbeat_receiver.hpp"
#include "testbed/site/remote_host.hpp"
#include "testbed/site/site_file.hpp"
#include "testbed/site/site_network.hpp"
#include "testbed/site/site_storage.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace ordeal {

/// A real site as the testbed: its domains are there already and stay. Provisioning a domain opens
/// the doors of a target that runs; removing it closes them and leaves the target running.
/// Thread-safe. Opened in a fresh process it can do all that a rollback needs.
class SiteTestbed final : public Testbed {
  public:
    /// Opens no door yet. `scheduler` must outlive it. `notes`: what is not seen or done here, for
    /// the report.
    [[nodiscard]] static Result<std::unique_ptr<SiteTestbed>> open(
        Site site, const Scheduler& scheduler, std::vector<std::string> notes = {});

    SiteTestbed(const SiteTestbed&) = delete;
    SiteTestbed& operator=(const SiteTestbed&) = delete;
    ~SiteTestbed() override;

    [[nodiscard]] std::vector<std::string> hosts() const override;
    Result<Host*> host(std::string_view name) override;
    Result<Network*> network() override;

    /// Errors: refused (not permitted, or it does not run), unavailable, …
    /// Leaves in `directory`: <name>.xml and <name>.console.
    Result<Provisioned> provision(const DomainSpec& spec,
                                  const std::string& name,
                                  int slot,
                                  const std::filesystem::path& directory) override;
    Result<Guest*> guest(const std::string& domain) override;
    /// Copies the image over ssh; zeros become holes.
    Result<Specimen> capture(const std::string& domain,
                             const std::string& disk,
                             const std::filesystem::path& destination) override;
    /// `domain` as libvirt knows it, or as a run called it: "<anything>-<name of the target>".
    /// Starts it when it is off.
    /// Of a site nothing is recorded, so that nobody needs to know.
    Result<std::vector<CacheContract>> cache_contracts(const std::string& domain) override;
    Status remove(const std::string& domain) override;

    Storage& storage() override { return storage_; }

    [[nodiscard]] Fields versions() override;

    [[nodiscard]] const Site& site() const { return site_; }

  private:
    struct Entry;

    SiteTestbed(Site site, const Scheduler& scheduler);

    [[nodiscard]] Result<RemoteHost*> remote(std::string_view name) const;
    [[nodiscard]] Status healthy(RemoteHost& host, const SiteTarget& target) const;
    [[nodiscard]] GuestPlace place_of(const SiteTarget& target,
                                      RemoteHost& host,
                                      const std::filesystem::path& console);
    [[nodiscard]] Status receive_heartbeats();
    [[nodiscard]] std::shared_ptr<Entry> find(const std::string& domain);

    const Site site_;
    const Scheduler& scheduler_;
    std::vector<std::string> notes_;
    std::vector<std::unique_ptr<RemoteHost>> hosts_;  ///< fixed once opened
    SiteStorageDoor storage_;
    SiteNetwork network_;
    std::mutex mutex_;                                          ///< of all below
    std::set<std::string> untouched_;                           ///< could not be provisioned
    std::map<std::string, std::shared_ptr<Entry>> entries_;     ///< by the name that libvirt knows
    std::map<std::string, std::unique_ptr<GuestDoors>> found_;  ///< not provisioned here
    std::unique_ptr<HeartbeatReceiver> receiver_;               ///< last
};

}  // namespace ordeal
