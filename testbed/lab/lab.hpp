#pragma once

#include "core/result.hpp"
#include "core/units.hpp"
#include "testbed/lab/node.hpp"
#include "testbed/lab/state.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ordeal {

struct LabOptions {
    std::string name = "default";
    int nodes = 1;  ///< n1, n2, …; at most `most_nodes` of planes.hpp. The storage node is one more
    Duration deadline = std::chrono::seconds(20);
    std::stop_token stop = {};
};

struct ServiceStatus {
    std::string name;
    std::optional<ProcessRef> process;  ///< none: not running
};

struct NodeStatus {
    std::string name;
    std::string address;
    bool alive = false;
    std::string boot_id;  ///< of the last boot
    std::vector<ServiceStatus> services;
    std::optional<int> domains;  ///< defined ones; none: libvirtd did not answer
};

struct LabStatus {
    std::string name;
    bool complete = false;  ///< false: its start-up goes on, or was interrupted
    std::vector<NodeStatus> nodes;
};

/// Several hosts on one machine, each a LabNode, connected by one network for each plane and with a
/// power controller each. The lab does not end with this object or process: it stays until down(),
/// by anyone, or until PID 1 of its rack (see rack.hpp) ends. Nothing of it is visible outside but
/// its processes and /run/ordeal/<name>. Needs root. Not thread-safe, but up(), down() and other
/// processes exclude one another by a lock on the directory.
class Lab {
  public:
    Lab(Lab&&) noexcept = default;
    Lab& operator=(Lab&&) noexcept = default;
    ~Lab();

    /// Starts a lab and returns once every service answers. On failure nothing is left.
    /// Errors: refused (it is up or being started), missing (program, privilege), timeout, …
    [[nodiscard]] static Result<Lab> up(const LabOptions& options = {});

    /// An existing lab, complete or not; `not_found` when there is none.
    [[nodiscard]] static Result<Lab> open(const std::string& name = "default");

    /// Names of all labs on this machine.
    [[nodiscard]] static std::vector<std::string> names();

    /// Ends every process of the lab and removes its directory; waits until all is gone. Fine on a
    /// lab whose nodes have died. `refused` while another process starts or ends it.
    [[nodiscard]] Status down(Duration deadline = std::chrono::seconds(10));

    [[nodiscard]] LabStatus status() const;

    [[nodiscard]] const std::string& name() const { return state_.name; }

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    [[nodiscard]] const std::vector<LabNode>& nodes() const { return nodes_; }

    /// PID 1 of the rack.
    [[nodiscard]] ProcessRef rack() const { return state_.rack.value_or(ProcessRef{}); }

    /// `not_found` when there is no node of this name.
    [[nodiscard]] Result<const LabNode*> node(std::string_view name) const;

  private:
    Lab(LabState state, std::filesystem::path directory);

    [[nodiscard]] Status start(const LabOptions& options);
    [[nodiscard]] Status start_rack_and_nodes(Fd leash, Duration deadline);
    [[nodiscard]] Status start_node(const LabNode& node, Duration deadline) const;
    [[nodiscard]] Status take_down(Duration deadline);
    void make_nodes();

    LabState state_;
    std::filesystem::path directory_;
    std::vector<LabNode> nodes_;
    std::optional<Child> init_;  ///< of a rack that this process started: it must reap it
};

}  // namespace ordeal
