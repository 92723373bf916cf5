#pragma once

#include "core/result.hpp"
#include "testbed/fd.hpp"
#include "testbed/lab/node.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// Making a node, up to the point where its services can be started.
namespace ordeal {

/// What a node sees at `inside` is `directory`/`source`.
struct PrivatePath {
    const char* inside;
    const char* source;
};

[[nodiscard]] const std::vector<PrivatePath>& private_paths();

/// Writes the node's own directories and files: libvirt's and sshd's configuration, hosts,
/// accounts. `authorized`: public key of the lab's client. Returns the node's public host key.
[[nodiscard]] Result<std::string> write_node_files(const std::filesystem::path& directory,
                                                   const NodeState& node,
                                                   const std::string& authorized);

/// Makes the namespaces, mounts and network, and starts PID 1. Until "go\n" is written to the other
/// end of `leash`, PID 1 ends (and the node with it) as soon as that end is closed: a controller
/// that dies while it starts a node leaves none.
[[nodiscard]] Result<Child> start_init(const std::filesystem::path& directory,
                                       const NodeState& node,
                                       Fd leash);

/// Mounts the node's own /proc; the first thing to do after start_init().
[[nodiscard]] Status mount_proc(pid_t init);

}  // namespace ordeal
