#pragma once

#include "core/result.hpp"
#include "testbed/process.hpp"

#include <filesystem>
#include <string>
#include <string_view>

/// Shared storage: real servers in user space, one for each disk, each a small machine with an
/// address of its own on a bridge. QEMU reaches them with its own clients (NBD's is built in, the
/// others are in qemu-block-extra). The NBD server is nbdkit with our plugin.
namespace ordeal {

struct SharedServer {
    std::string protocol;  ///< "nbd", "iscsi" or "nfs"
    std::filesystem::path image;
    std::filesystem::path directory;  ///< for the server's own files, as where it runs
    std::string bridge;
    std::string address;  ///< IPv4 without the prefix length
    int prefix = 16;
    std::string port;  ///< the bridge's end of its cable, at most 15 characters
};

/// What "server.sh" in its directory must be.
[[nodiscard]] std::string_view shared_server_script();

/// The command line that starts it: run it in the namespaces of the bridge. It returns once the
/// server serves, and leaves the server's pid in "server.pid".
[[nodiscard]] Argv shared_server_command(const SharedServer& server);

/// What QEMU calls the disk: an iSCSI target with its unit, the path of a file, or nothing (NBD).
[[nodiscard]] std::string shared_name(const SharedServer& server);

/// Whether this machine has the server and QEMU's client for it. Errors: missing, with the reason.
[[nodiscard]] Status can_share(const std::string& protocol);

}  // namespace ordeal
