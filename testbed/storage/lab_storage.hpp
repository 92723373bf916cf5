#pragma once

#include "core/experiment.hpp"
#include "core/storage.hpp"
#include "core/testbed.hpp"
#include "testbed/domain_xml.hpp"
#include "testbed/lab/node.hpp"
#include "testbed/storage/mark_client.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace ordeal {

/// What a disk gets that no other has.
struct DiskDraw {
    std::uint64_t seed = 0;  ///< decides what a power cut loses
    int slot = 0;            ///< for the address of a shared disk's server
};

/// The disk servers in a lab's nodes. Everything it knows is on disk below the nodes' directories,
/// so that any process can go on with it; but connections for marks are its own. Thread-safe.
///
/// A server is a process of the node that has the disk: the domain's own of a local disk, else the
/// storage node, which QEMU reaches over the storage plane. It dies with the node's power, and with
/// it what its volatile cache holds; nobody has to tell it. The storage node starts its servers
/// again when it boots; a local disk is started with its domain. A local disk is shown to QEMU as a
/// file (nbdfuse), so that each cache mode does to it what it does to a real file or device: QEMU's
/// NBD client would flush even with cache=unsafe. A recorded disk is shown like a local one. Its
/// recording is that of one start: later ones serve it plainly.
class LabStorage final : public Storage {
  public:
    /// `nodes` gives those that could serve a disk, at any time.
    explicit LabStorage(std::function<std::vector<LabNode>()> nodes) : nodes_(std::move(nodes)) {}

    /// Prepares the server of a disk, if its backing wants one; not started. `host` is the
    /// domain's. `image` as all see it; the rest of the answer as the domain's hosts do.
    [[nodiscard]] Result<DiskPlace> prepare(const LabNode& host,
                                            const DiskName& disk,
                                            const DiskSpec& spec,
                                            const std::filesystem::path& image,
                                            const DiskDraw& draw);

    /// Starts those of the domain's disks' servers that do not run.
    [[nodiscard]] Status start_servers(const std::string& domain);

    /// Ends the server of a disk in order: what its cache holds is on the image afterwards.
    /// Fine when it does not run, or when nobody serves the disk.
    [[nodiscard]] Status settle(const DiskName& disk);

    /// Ends the domain's servers at once and forgets them. Idempotent.
    [[nodiscard]] Status remove(const std::string& domain);

    Status impose(const DiskName& disk, const std::string& id, const DiskFault& fault) override;
    Status lift(const DiskName& disk, const std::string& id) override;
    Result<DiskFaultState> fault_state(const DiskName& disk, const std::string& id) override;
    Result<std::optional<ProcessRef>> server(const DiskName& disk) override;
    Status start_server(const DiskName& disk) override;
    Status mark(const DiskName& disk, std::span<const std::byte> bytes) override;

  private:
    /// A disk's directory and the node that it is on.
    struct Place {
        LabNode node;
        std::filesystem::path outside;
    };

    [[nodiscard]] Result<LabNode> storage() const;
    [[nodiscard]] Result<Place> find(const DiskName& disk) const;
    [[nodiscard]] std::vector<Place> places_of(const std::string& domain) const;
    /// The process that wrote the pid file.
    [[nodiscard]] static std::optional<ProcessRef> process_of(const Place& place,
                                                              const char* pid_file);
    [[nodiscard]] static Status start(const Place& place);
    [[nodiscard]] static Status run_in(const Place& place, const Argv& argv);
    [[nodiscard]] static Status end(const Place& place, const char* pid_file, Signal signal);

    void stop_marking(const Place& place);

    std::function<std::vector<LabNode>()> nodes_;
    std::mutex marking_;
    /// By socket; nothing: it was lost, and with it the order of what would follow.
    std::map<std::filesystem::path, std::unique_ptr<MarkClient>> markers_;
};

}  // namespace ordeal
