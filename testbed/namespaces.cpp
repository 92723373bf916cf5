#include "testbed/namespaces.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <system_error>

namespace ordeal {
namespace {

Error system_failure(const std::string& tried, int error) {
    const auto kind = error == ESRCH || error == ENOENT   ? ErrorKind::not_found
                      : error == EPERM || error == EACCES ? ErrorKind::refused
                                                          : ErrorKind::unavailable;
    return fail(kind,
                tried,
                std::system_category().message(error),
                kind == ErrorKind::refused ? "run as root" : "");
}

}  // namespace

Status enter_namespaces(pid_t pid, Namespaces which) {
    const auto tried = "enter the namespaces of process " + std::to_string(pid);
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!process) {
        return system_failure(tried, errno);
    }
    if (which == Namespaces::net) {
        return ::setns(process.get(), CLONE_NEWNET) == 0 ? ok() : system_failure(tried, errno);
    }
    // setns leaves us at the root of the mount namespace; the process may have chrooted below it.
    const auto root_path = "/proc/" + std::to_string(pid) + "/root";
    const Fd root(::open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    constexpr int kinds = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID;
    if (!root || ::unshare(CLONE_FS) != 0 || ::setns(process.get(), kinds) != 0 ||
        ::fchdir(root.get()) != 0 || ::chroot(".") != 0) {
        return system_failure(tried, errno);
    }
    return ok();
}

Result<Fd> socket_inside(pid_t pid, int domain, int type, int protocol) {
    return inside_namespaces(pid, Namespaces::net, [&]() -> Result<Fd> {
        Fd made(::socket(domain, type | SOCK_CLOEXEC, protocol));
        if (!made) {
            return system_failure("open a socket in the network of process " + std::to_string(pid),
                                  errno);
        }
        return made;
    });
}

}  // namespace ordeal
