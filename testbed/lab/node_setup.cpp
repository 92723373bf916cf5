#include "testbed/lab/node_setup.hpp"

#include "testbed/cache.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/read_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

Error system_failure(std::string tried, std::string hint = {}) {
    return fail(ErrorKind::unavailable,
                std::move(tried),
                std::system_category().message(errno),
                std::move(hint));
}

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
)";

constexpr const char* libvirtd_conf = R"(# The socket is reachable by root alone.
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
# Past this many requests in flight it reads no more of a client's, keepalive answers included.
max_client_requests = 200
max_workers = 64
host_uuid = "{}"
)";

constexpr const char* sshd_conf = R"(ListenAddress {}
HostKey /run/ordeal/host_key
AuthorizedKeysFile /run/ordeal/authorized_keys
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
)";

/// Bind mounts need something to cover.
Status bind_private_paths(const fs::path& directory) {
    for (const auto& path : private_paths()) {
        const auto source = directory / path.source;
        if (::mount(source.c_str(), path.inside, nullptr, MS_BIND, nullptr) != 0) {
            const bool absent = errno == ENOENT;
            auto error = system_failure(fmt::format("give the node its own {}", path.inside),
                                        absent ? fmt::format("mkdir -p {}", path.inside) : "");
            error.kind = absent ? ErrorKind::missing : error.kind;
            return error;
        }
    }
    // Shows this node's interfaces; also hides the host's cgroups, which libvirtd is not to touch.
    if (::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
        return system_failure("mount the node's /sys");
    }
    return ok();
}

/// Nothing that is mounted in the calling thread's new namespace may reach the old one. Our root
/// may be no mount point (a chroot), and only mount points have a propagation type: step to the
/// root of the namespace, which setns(2) does, and back.
Status make_mounts_private() {
    const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const Fd own(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!root || !own || ::setns(own.get(), CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::fchdir(root.get()) != 0 || ::chroot(".") != 0) {
        return system_failure("separate the node's mounts");
    }
    return ok();
}

Status make_network(const std::string& address) {
    const auto commands = fmt::format(
        "link set lo up\n"
        "link add guest address 02:00:0a:4d:00:01 type bridge mcast_snooping 0\n"
        "address add {}/16 dev guest\n"
        "link set guest up\n",
        address);
    const auto done = run_or_fail({"ip", "-batch", "-"},
                                  {.input = commands, .deadline = std::chrono::seconds(5)});
    return done ? ok() : Status(done.error());
}

/// On a thread of its own, whose namespaces these become.
Result<Child> build_node(const fs::path& directory, const NodeState& node, Fd leash) {
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) != 0) {
        return system_failure("make the namespaces of " + node.name, "run as root");
    }
    if (::sethostname(node.name.data(), node.name.size()) != 0) {
        return system_failure("name the host " + node.name);
    }
    auto made = make_mounts_private();
    made = made ? make_network(node.address) : made;
    made = made ? bind_private_paths(directory) : made;
    if (!made) {
        return made.error();
    }
    // Last: the first process started from here on is PID 1 and must stay.
    if (::unshare(CLONE_NEWPID) != 0) {
        return system_failure("make the pid namespace of " + node.name);
    }
    ChildOptions options;
    options.input = std::move(leash);
    options.cwd = "/";
    return Child::spawn(
        {"tini", "--", "sh", "-c", "read -r word && [ \"$word\" = go ] && exec sleep infinity"},
        std::move(options));
}

}  // namespace

const std::vector<PrivatePath>& private_paths() {
    // /run last: the sources of all lie below the host's.
    static const std::vector<PrivatePath> paths{{"/etc/libvirt", "etc/libvirt"},
                                                {"/etc/hosts", "etc/hosts"},
                                                {"/etc/passwd", "etc/passwd"},
                                                {"/etc/group", "etc/group"},
                                                {"/etc/shadow", "etc/shadow"},
                                                {"/var/lib/libvirt", "lib"},
                                                {"/var/log/libvirt", "log"},
                                                {"/var/cache/libvirt", "cache"},
                                                {"/run", "run"}};
    return paths;
}

Result<std::string> write_node_files(const fs::path& directory,
                                     const NodeState& node,
                                     const std::string& authorized) {
    // What libvirtd finds out about QEMU takes it seconds and is the same in every lab.
    const auto known = cache_directory() / "libvirt";
    std::error_code error;
    for (const auto& path : {directory / "etc/libvirt",
                             directory / "lib",
                             directory / "log",
                             directory / "run/ordeal",
                             directory / "run/sshd",
                             known}) {
        fs::create_directories(path, error);
        if (error) {
            return fail(ErrorKind::unavailable, "make " + path.string(), error.message());
        }
    }
    fs::create_directory_symlink(known, directory / "cache", error);
    if (error) {
        return fail(ErrorKind::unavailable, "share " + known.string(), error.message());
    }
    const auto random = read_file("/proc/sys/kernel/random/uuid");
    if (random.empty()) {
        return fail(ErrorKind::missing, "make a host uuid", "no /proc", "mount -t proc proc /proc");
    }
    const auto uuid = random.substr(0, random.find('\n'));
    const std::vector<std::pair<const char*, std::string>> files{
        {"etc/libvirt/qemu.conf", qemu_conf},
        {"etc/libvirt/libvirtd.conf", fmt::format(libvirtd_conf, uuid)},
        {"etc/hosts", fmt::format("127.0.0.1 localhost\n{} {}\n", node.address, node.name)},
        {"etc/passwd",
         with_accounts(read_file("/etc/passwd"),
                       {"libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin",
                        "sshd:x:64056:65534::/run/sshd:/usr/sbin/nologin"})},
        {"etc/group", with_accounts(read_file("/etc/group"), {"libvirt-qemu:x:64055:"})},
        {"etc/shadow", "root:*:19000:0:99999:7:::\n"},
        {"run/ordeal/sshd_config", fmt::format(sshd_conf, node.address)},
        {"run/ordeal/authorized_keys", authorized + "\n"}};
    for (const auto& [name, text] : files) {
        std::ofstream file(directory / name);
        file << text;
        file.close();
        if (!file) {
            return system_failure("write " + (directory / name).string());
        }
    }
    // sshd refuses keys that others could have written.
    ::chmod((directory / "run/sshd").c_str(), 0755);
    ::chmod((directory / "run/ordeal").c_str(), 0755);
    ::chmod((directory / "run/ordeal/authorized_keys").c_str(), 0600);
    return generate_ssh_key(directory / "run/ordeal/host_key");
}

Result<Child> start_init(const fs::path& directory, const NodeState& node, Fd leash) {
    return on_fresh_thread([&] { return build_node(directory, node, std::move(leash)); });
}

Status mount_proc(pid_t init) {
    const auto done = run_or_fail({"mount", "-t", "proc", "proc", "/proc"},
                                  {.deadline = std::chrono::seconds(5), .inside = init});
    return done ? ok() : Status(done.error());
}

}  // namespace ordeal
