#include "testbed/namespaces.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
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
    const auto make = [&]() -> Result<Fd> {
        Fd made(::socket(domain, type | SOCK_CLOEXEC, protocol));
        if (!made) {
            return system_failure("open a socket in the network of process " + std::to_string(pid),
                                  errno);
        }
        return made;
    };
    return pid == 0 ? make() : inside_namespaces(pid, Namespaces::net, make);
}

Result<Fd> connect_inside(pid_t pid,
                          const std::string& address,
                          std::uint16_t port,
                          Duration deadline) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(deadline);
    const auto tried = "connect to " + address + " port " + std::to_string(port);
    auto made = socket_inside(pid, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (!made) {
        return made.error();
    }
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) {
        return fail(ErrorKind::usage, tried, "not an IPv4 address");
    }
    const auto* raw = reinterpret_cast<const sockaddr*>(&target);
    int problem = ::connect(made->get(), raw, sizeof target) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
        pollfd watched{made->get(), POLLOUT, 0};
        if (::poll(&watched, 1, static_cast<int>(milliseconds.count())) <= 0) {
            return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
        }
        socklen_t size = sizeof problem;
        ::getsockopt(made->get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    }
    if (problem != 0) {
        return fail(ErrorKind::unavailable, tried, std::system_category().message(problem));
    }
    return made;
}

}  // namespace ordeal
