#pragma once

#include "core/scheduler.hpp"
#include "core/testbed.hpp"
#include "testbed/accelerator.hpp"
#include "testbed/client_side.hpp"
#include "testbed/guest_doors.hpp"
#include "testbed/heartbeat_receiver.hpp"
#include "testbed/lab/lab.hpp"
#include "testbed/lab/network.hpp"
#include "testbed/lab_testbed_host.hpp"
#include "testbed/storage/lab_storage.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ordeal {

struct LabTestbedOptions {
    std::string lab = "default";
    std::filesystem::path guest;  ///< holds vmlinuz and initramfs; empty: the cache's current one
    std::optional<Accelerator> accelerator = {};  ///< none: chosen when the first domain is made
};

/// The lab as a testbed: real libvirt, real QEMU, the embedded guest. Thread-safe.
///
/// Opened in a fresh process it can do all that a rollback needs, whether libvirtd runs or not;
/// guest() opens of a domain that it did not provision the agent's link alone. One object at a time
/// can provision in a lab: the guests' heartbeats come to one address.
class LabTestbed final : public Testbed {
  public:
    /// `scheduler` stamps what arrives and must outlive the testbed.
    /// Errors: not_found (no such lab), unavailable (it has died).
    [[nodiscard]] static Result<std::unique_ptr<LabTestbed>> open(LabTestbedOptions options,
                                                                  const Scheduler& scheduler);

    LabTestbed(const LabTestbed&) = delete;
    LabTestbed& operator=(const LabTestbed&) = delete;
    ~LabTestbed() override;

    [[nodiscard]] std::vector<std::string> hosts() const override;
    Result<Host*> host(std::string_view name) override;

    Result<Network*> network() override { return &network_; }

    /// Leaves in `directory`: <name>.xml, <name>.console and <name>-<disk>.img, where <name> is
    /// that of the spec.
    Result<Provisioned> provision(const DomainSpec& spec,
                                  const std::string& name,
                                  int slot,
                                  const std::filesystem::path& directory) override;
    Status define_at(const std::string& domain, const std::string& host) override;
    Result<Host*> host_of(const std::string& domain) override;
    Result<Guest*> guest(const std::string& domain) override;
    Result<Specimen> capture(const std::string& domain,
                             const std::string& disk,
                             const std::filesystem::path& destination) override;
    Result<std::vector<CacheContract>> cache_contracts(const std::string& domain) override;
    Status remove(const std::string& domain) override;

    Result<ClientSide*> clients() override { return &clients_; }

    Storage& storage() override { return storage_; }

    [[nodiscard]] Fields versions() override;

  private:
    struct Entry;

    LabTestbed(LabTestbedOptions options, const Scheduler& scheduler, Lab lab);

    [[nodiscard]] Status add_hosts();
    [[nodiscard]] Result<Accelerator> accelerator();
    [[nodiscard]] std::vector<std::filesystem::path> agent_sockets(const std::string& domain) const;
    [[nodiscard]] Status receive_heartbeats();
    [[nodiscard]] Result<LabHost*> host_for(const DomainSpec& spec) const;
    [[nodiscard]] Result<LabHost*> host_named(const std::string& name,
                                              const std::string& tried) const;
    [[nodiscard]] Status prepare_start(const std::string& domain);
    [[nodiscard]] std::vector<LabNode> nodes() const;
    [[nodiscard]] std::shared_ptr<Entry> find(const std::string& domain);
    [[nodiscard]] std::shared_ptr<GuestDoors> doors_at(const std::string& address);

    LabTestbedOptions options_;
    const Scheduler& scheduler_;
    Lab lab_;
    std::mutex choosing_;                                    ///< of options_.accelerator
    std::mutex mutex_;                                       ///< of entries_, found_ and receiver_
    std::map<std::string, std::shared_ptr<Entry>> entries_;  ///< by the name that libvirt knows
    std::map<std::string, std::unique_ptr<GuestDoors>> found_;  ///< of others' domains
    std::vector<std::unique_ptr<LabHost>> hosts_;               ///< fixed once opened
    LabStorage storage_{[this] { return nodes(); }};
    LabNetwork network_;
    PlaneClients clients_;
    std::unique_ptr<HeartbeatReceiver> receiver_;  ///< last
};

}  // namespace ordeal
