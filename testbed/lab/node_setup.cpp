#include "testbed/lab/node_setup.hpp"

#include "core/read_file.hpp"
#include "testbed/cache.hpp"
#include "testbed/lab/files.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/ssh.hpp"

#include <fmt/format.h>
#include <fstream>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

/// The host's account file with the accounts that libvirtd and sshd insist on and that only their
/// packages' install scripts would make.
std::string with_accounts(std::string accounts, const std::vector<std::string>& wanted) {
    for (const auto& line : wanted) {
        const auto name = "\n" + line.substr(0, line.find(':') + 1);
        if (("\n" + accounts).find(name) == std::string::npos) {
            accounts += line + "\n";
        }
    }
    return accounts;
}

/// Where root lives on a node: the host's own /root is everybody's.
constexpr const char* root_home = "/run/ordeal/root";

std::string with_root_home(std::string accounts) {
    constexpr std::string_view home = ":/root:";
    const auto found = accounts.find(home);
    if (found != std::string::npos && accounts.rfind("root:", 0) == 0) {
        accounts.replace(found, home.size(), fmt::format(":{}:", root_home));
    }
    return accounts;
}

constexpr const char* qemu_conf =
    R"(# One user and no confinement: faults are injected from outside.
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
# Not virtlogd: it may be killed, and a guest's console is evidence.
stdio_handler = "file"
# Who asks for a lease gets it of virtlockd; nobody else needs one.
lock_manager = "lockd"
# A migration whose other end dies is given up in seconds.
keepalive_interval = 2
keepalive_count = 2
# Migration has a network of its own.
migration_address = "{}"
migration_host = "{}"
)";

constexpr const char* lockd_conf =
    R"(# Without locks for files' names there is no lockspace for leases.
auto_disk_leases = 1
require_lease_for_disks = 0
file_lockspace_dir = "/var/lib/libvirt/lockd/files"
)";

constexpr const char* libvirtd_conf = R"(# The socket is reachable by root alone.
auth_unix_ro = "none"
auth_unix_rw = "none"
# The controller comes over the management plane, which exists inside the lab only.
listen_tls = 0
listen_tcp = 1
listen_addr = "{}"
auth_tcp = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
# Past this many requests in flight it reads no more of a client's, keepalive answers included.
max_client_requests = 200
max_workers = 64
host_uuid = "{}"
)";

constexpr const char* sshd_conf = R"(HostKey /run/ordeal/host_key
AuthorizedKeysFile /run/ordeal/authorized_keys
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
)";

constexpr const char* ssh_conf = R"(BatchMode yes
ConnectTimeout 5
)";

/// Each line: an address and all names that it has.
std::string hosts_file(const std::vector<NodeState>& nodes) {
    std::string text = "127.0.0.1 localhost\n";
    for (const auto& node : nodes) {
        for (const auto plane : all_planes) {
            text += fmt::format("{} {}{}\n",
                                node_address(plane, node.number),
                                plane == Plane::management ? node.name + " " : "",
                                port_of(node.name, plane));
        }
    }
    return text;
}

/// "n1,n1-management,10.76.1.1,… ssh-ed25519 AAAA…"
std::string known_host(const NodeState& node, const std::string& key) {
    std::string names = node.name;
    for (const auto plane : all_planes) {
        names += fmt::format(",{},{}", port_of(node.name, plane), node_address(plane, node.number));
    }
    return names + " " + key + "\n";
}

/// Servers of disks serve again after each boot.
constexpr const char* start_of_disks = R"(for disk in /run/ordeal/disks/*/*/; do
    [ ! -e "$disk/start.sh" ] || sh "$disk/start.sh" "$disk" >>/run/ordeal/disks.log 2>&1 &
done
)";

/// libvirtd asks virtlockd for its lockspace when it starts, and gives up when nobody listens.
constexpr const char* await_virtlockd =
    R"(for i in $(seq 500); do [ ! -S /run/libvirt/virtlockd-sock ] || break; sleep 0.01; done; )";

/// What PID 1 of the node starts.
Result<std::string> start_of_services(NodeRole role) {
    const bool storage = role == NodeRole::storage;
    std::string text = storage ? start_of_disks : "";
    for (const std::string service : {"virtlogd", "virtlockd", "libvirtd", "sshd"}) {
        if (storage && service != "sshd") {
            continue;
        }
        const auto command = service_command(service);
        if (!command) {
            return command.error();
        }
        if (service == "sshd") {
            text += fmt::format("LD_LIBRARY_PATH={} ", unpacked_libraries().string());
        }
        text += service == "libvirtd"
                    ? "{ " + std::string(await_virtlockd) + quote_for_shell(*command) + "; } &\n"
                    : quote_for_shell(*command) + " &\n";
    }
    return text + "wait\nexec sleep infinity\n";
}

Status write_node(const fs::path& directory,
                  const NodeState& node,
                  const std::string& hosts,
                  const std::string& authorized,
                  const std::string& known_hosts) {
    const auto uuid = random_uuid();
    const auto services = start_of_services(node.role);
    if (!uuid || !services) {
        return uuid ? services.error() : uuid.error();
    }
    const auto migration = node_address(Plane::migration, node.number);
    const std::vector<std::pair<const char*, std::string>> files{
        {"etc/libvirt/qemu.conf",
         fmt::format(qemu_conf, migration, port_of(node.name, Plane::migration))},
        {"etc/libvirt/libvirtd.conf",
         fmt::format(libvirtd_conf, node_address(Plane::management, node.number), *uuid)},
        {"etc/libvirt/qemu-lockd.conf", lockd_conf},
        {"etc/hosts", hosts},
        {"etc/passwd",
         with_root_home(
             with_accounts(read_file("/etc/passwd"),
                           {"libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin",
                            "sshd:x:64056:65534::/run/sshd:/usr/sbin/nologin"}))},
        {"etc/group", with_accounts(read_file("/etc/group"), {"libvirt-qemu:x:64055:"})},
        {"etc/shadow", "root:*:19000:0:99999:7:::\n"},
        {"run/ordeal/rc", *services},
        {"run/ordeal/sshd_config", sshd_conf},
        {"run/ordeal/authorized_keys", authorized + "\n"},
        {"run/ordeal/root/.ssh/config", ssh_conf},
        {"run/ordeal/root/.ssh/known_hosts", known_hosts}};
    for (const auto& [name, text] : files) {
        // sshd refuses keys that others could have written.
        if (auto written = write_file(directory / name, text); !written) {
            return written;
        }
    }
    return ok();
}

/// The directories, and the host key, whose public half it returns.
Result<std::string> prepare_node(const fs::path& directory) {
    // What libvirtd finds out about QEMU takes it seconds and is the same in every lab.
    const auto known = cache_directory() / "libvirt";
    for (const auto& path : {directory / "etc/libvirt",
                             directory / "lib/lockd",
                             directory.parent_path() / "leases/files",
                             directory / "log",
                             directory / "run/ordeal/agents",
                             directory / "run/ordeal/root/.ssh",
                             known}) {
        if (auto made = make_directory(path); !made) {
            return made.error();
        }
    }
    std::error_code error;
    fs::create_directory_symlink(known, directory / "cache", error);
    if (error) {
        return fail(ErrorKind::unavailable, "share " + known.string(), error.message());
    }
    return generate_ssh_key(directory / "run/ordeal/host_key");
}

}  // namespace

const std::vector<PrivatePath>& private_paths() {
    static const std::vector<PrivatePath> paths{{"/etc/libvirt", "etc/libvirt"},
                                                {"/etc/hosts", "etc/hosts"},
                                                {"/etc/passwd", "etc/passwd"},
                                                {"/etc/group", "etc/group"},
                                                {"/etc/shadow", "etc/shadow"},
                                                {"/var/lib/libvirt", "lib"},
                                                {"/var/log/libvirt", "log"},
                                                {"/var/cache/libvirt", "cache"},
                                                {lockspaces_directory, "../leases"},
                                                {"/run", "run"}};
    return paths;
}

fs::path lease_file(const std::string& domain) {
    return fs::path("leases/files") / domain;
}

Result<std::vector<std::string>> service_command(std::string_view service) {
    if (service == "libvirtd") {
        return std::vector<std::string>{"libvirtd", "--daemon", "--listen"};
    }
    if (service != "sshd") {
        return std::vector<std::string>{std::string(service), "--daemon"};
    }
    const auto sshd = unpacked_program("usr/sbin/sshd");
    if (!sshd) {
        return sshd.error();
    }
    return std::vector<std::string>{
        sshd->string(), "-f", "/run/ordeal/sshd_config", "-E", "/run/ordeal/sshd.log"};
}

Status write_node_files(const fs::path& lab_directory, const std::vector<NodeState>& nodes) {
    const auto client_key = generate_ssh_key(lab_directory / "client_key");
    if (!client_key) {
        return client_key.error();
    }
    std::string known_hosts;
    for (const auto& node : nodes) {
        const auto host_key = prepare_node(lab_directory / node.name);
        if (!host_key) {
            return host_key.error();
        }
        known_hosts += known_host(node, *host_key);
    }
    Status done = write_file(lab_directory / "known_hosts", known_hosts);
    const auto hosts = hosts_file(nodes);
    const std::string private_key = read_file(lab_directory / "client_key");
    for (const auto& node : nodes) {
        const auto directory = lab_directory / node.name;
        done = done ? write_node(directory, node, hosts, *client_key, known_hosts) : done;
        done = done ? write_file(directory / "run/ordeal/root/.ssh/id_ed25519", private_key, 0600)
                    : done;
    }
    return done;
}

}  // namespace ordeal
