#pragma once

#include "core/result.hpp"
#include "core/testbed.hpp"
#include "testbed/lab/state.hpp"
#include "testbed/process.hpp"
#include "testbed/procfs.hpp"
#include "testbed/ssh.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal {

/// A machine of the lab: its own mount, pid, uts, ipc and net namespaces with tini as PID 1. Every
/// process, mount and interface of it goes when PID 1 goes. The host's file system is shared, but
/// /run, libvirt's directories, /etc/hosts and the account files are its own. Thread-safe:
/// immutable.
class LabNode {
  public:
    LabNode(NodeState state, std::filesystem::path lab_directory);

    [[nodiscard]] const std::string& name() const { return state_.name; }

    /// On the bridge "guest", which also carries the guests: 10.77.0.1.
    [[nodiscard]] const std::string& address() const { return state_.address; }

    /// PID 1; start processes in the node with RunOptions::inside = init().pid.
    [[nodiscard]] ProcessRef init() const { return state_.init.value_or(ProcessRef{}); }

    [[nodiscard]] bool alive() const;

    /// /run/ordeal/<lab>/<node>
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    /// The path that leads from outside to what the node calls `inside` (absolute).
    [[nodiscard]] std::filesystem::path outside(const std::filesystem::path& inside) const;

    /// For virConnectOpen from outside the node.
    [[nodiscard]] std::string libvirt_uri() const;

    /// Reach it through a socket made in the node: connect_inside(init().pid, address(), 22, …).
    [[nodiscard]] SshTarget ssh() const;

    /// Command line that runs `command` in the node, for exec by a person's terminal.
    [[nodiscard]] Argv shell(const Argv& command = {"bash"}) const;

    static constexpr std::array<std::string_view, 3> services{"libvirtd", "virtlogd", "sshd"};

    /// `not_found` when it is not running, `usage` for a name not in `services`.
    [[nodiscard]] Result<ProcessRef> service_process(std::string_view service) const;

    /// Starts the service unless it runs, and waits until it answers. Domains are not touched.
    [[nodiscard]] Status start_service(std::string_view service, Duration deadline) const;

    /// SIGTERM, SIGKILL after `patience`. Fine when it does not run.
    [[nodiscard]] Status stop_service(std::string_view service, Duration patience) const;

  private:
    NodeState state_;
    std::filesystem::path directory_;
};

}  // namespace ordeal
