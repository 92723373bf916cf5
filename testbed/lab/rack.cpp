#include "testbed/lab/rack.hpp"

#include "testbed/lab/planes.hpp"
#include "testbed/namespaces.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

Error system_failure(std::string tried, std::string hint = {}) {
    return fail(ErrorKind::unavailable,
                std::move(tried),
                std::system_category().message(errno),
                std::move(hint));
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
        return system_failure("separate the rack's mounts");
    }
    return ok();
}

Status make_switches() {
    std::string commands = "link set lo up\n";
    for (const auto plane : all_planes) {
        commands += fmt::format(
            "link add {0} address 02:00:0a:4c:00:{1:02x} type bridge mcast_snooping 0\n"
            "address add {2}/{3} dev {0}\n"
            "link set {0} up\n",
            name_of(plane),
            static_cast<int>(plane),
            rack_address(plane),
            prefix_of(plane));
    }
    for (int number = 1; number <= storage_number; ++number) {
        commands += fmt::format("address add {}/32 dev lo\n", power_address(number));
    }
    const auto done = run_or_fail({"ip", "-batch", "-"},
                                  {.input = commands, .deadline = std::chrono::seconds(5)});
    return done ? ok() : Status(done.error());
}

/// Whoever connects to a node that is cut off must learn so in seconds, to try again in time.
Status give_up_early() {
    std::ofstream file("/proc/sys/net/ipv4/tcp_syn_retries");  // of the thread's own network
    file << "1\n" << std::flush;
    return file ? ok() : Status(system_failure("shorten the rack's TCP connects"));
}

/// On a thread of its own, whose namespaces these become.
Result<Child> build_rack(Fd leash) {
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) {
        return system_failure("make the namespaces of the rack", "run as root");
    }
    auto made = make_mounts_private();
    made = made ? make_switches() : made;
    made = made ? give_up_early() : made;
    if (!made) {
        return made.error();
    }
    // Last: the first process started from here on is PID 1 and must stay.
    if (::unshare(CLONE_NEWPID) != 0) {
        return system_failure("make the pid namespace of the rack");
    }
    ChildOptions options;
    options.input = std::move(leash);
    options.cwd = "/";
    return Child::spawn(
        {"tini", "--", "sh", "-c", "read -r word && [ \"$word\" = go ] && exec sleep infinity"},
        std::move(options));
}

}  // namespace

Result<Child> start_rack(Fd leash) {
    return on_fresh_thread([&] { return build_rack(std::move(leash)); });
}

Status mount_proc(pid_t rack) {
    const auto done = run_or_fail({"mount", "-t", "proc", "proc", "/proc"},
                                  {.deadline = std::chrono::seconds(5), .inside = rack});
    return done ? ok() : Status(done.error());
}

}  // namespace ordeal
