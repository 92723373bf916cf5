#pragma once

#include "core/result.hpp"
#include "core/testbed.hpp"
#include "testbed/lab/state.hpp"
#include "testbed/process.hpp"
#include "testbed/procfs.hpp"
#include "testbed/ssh.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal {

/// A machine of the lab: its own mount, pid, uts, ipc and net namespaces with tini as PID 1. Every
/// process, mount and interface of it goes when PID 1 goes. The host's file system is shared, but
/// /run, libvirt's directories, /etc/hosts and the account files are its own, and so are
/// /proc/sys/kernel/random/boot_id and /proc/sysrq-trigger, which the kernel knows only once. Its
/// hardware can switch it off and on again meanwhile. Thread-safe.
class LabNode {
  public:
    /// `rack`: PID 1 of the lab's rack.
    LabNode(NodeState state, const std::filesystem::path& lab_directory, ProcessRef rack);

    [[nodiscard]] const std::string& name() const { return state_.name; }

    [[nodiscard]] int number() const { return state_.number; }

    [[nodiscard]] NodeRole role() const { return state_.role; }

    [[nodiscard]] std::string address(Plane plane = Plane::management) const;

    /// The present PID 1; pid 0 while the node is off or its kernel has panicked. Start processes
    /// in the node with RunOptions::inside = init().pid.
    [[nodiscard]] ProcessRef init() const;

    /// A process in the network where the controller has its addresses, alive as long as the lab.
    [[nodiscard]] ProcessRef rack() const { return rack_; }

    [[nodiscard]] bool alive() const;

    /// /run/ordeal/<lab>/<node>
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    /// The path that leads from outside to what the node calls `inside` (absolute).
    [[nodiscard]] std::filesystem::path outside(const std::filesystem::path& inside) const;

    /// For virConnectOpen from outside the lab, past every network.
    [[nodiscard]] std::string libvirt_uri() const;

    /// For virConnectOpen in the rack's network: over the management plane.
    [[nodiscard]] std::string libvirt_network_uri() const;

    /// Reach it through a socket made in the rack: connect_inside(rack().pid, address(), 22, …).
    [[nodiscard]] SshTarget ssh() const;

    /// Command line that runs `command` in the node, for exec by a person's terminal.
    [[nodiscard]] Argv shell(const Argv& command = {"bash"}) const;

    static constexpr std::array<std::string_view, 4> services{
        "libvirtd", "virtlogd", "virtlockd", "sshd"};

    /// Those of them that start with it.
    [[nodiscard]] std::span<const std::string_view> own_services() const;

    /// `not_found` when it is not running, `usage` for a name not in `services`.
    [[nodiscard]] Result<ProcessRef> service_process(std::string_view service) const;

    /// Starts the service unless it runs, and waits until it answers. Domains are not touched.
    [[nodiscard]] Status start_service(std::string_view service, Duration deadline) const;

    /// Waits until a service that starts by itself answers.
    [[nodiscard]] Status await_service(std::string_view service, Duration deadline) const;

    /// SIGTERM, SIGKILL after `patience`. Fine when it does not run.
    [[nodiscard]] Status stop_service(std::string_view service, Duration patience) const;

  private:
    struct Seen;

    NodeState state_;
    std::filesystem::path directory_;
    ProcessRef rack_;
    std::shared_ptr<Seen> seen_;  ///< PID 1 as last found; shared by copies
};

}  // namespace ordeal
