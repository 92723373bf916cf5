#pragma once

#include "core/result.hpp"
#include "testbed/lab/state.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// What a node sees as its own: libvirt's and sshd's configuration, hosts, accounts, keys.
namespace ordeal {

/// What a node sees at `inside` is `directory`/`source`.
struct PrivatePath {
    const char* inside;
    const char* source;
};

/// /run is the last: the sources of all lie below the host's.
[[nodiscard]] const std::vector<PrivatePath>& private_paths();

/// Where virtlockd's lockspaces are, as every node sees it; shared by all.
inline constexpr const char* lockspaces_directory = "/var/lib/libvirt/lockd";

/// The file of a domain's lease, below the lab's directory. It must be there for a lease to be had.
[[nodiscard]] std::filesystem::path lease_file(const std::string& domain);

/// Writes the files of all nodes, and the lab's known_hosts: every node, and who has the lab's key,
/// can log in as root to every other by name.
[[nodiscard]] Status write_node_files(const std::filesystem::path& lab_directory,
                                      const std::vector<NodeState>& nodes);

/// The command line of a service that puts itself into the background once it listens; for sshd
/// with LD_LIBRARY_PATH=unpacked_libraries().
[[nodiscard]] Result<std::vector<std::string>> service_command(std::string_view service);

}  // namespace ordeal
