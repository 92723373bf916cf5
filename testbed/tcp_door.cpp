#include "testbed/tcp_door.hpp"

#include "core/fd.hpp"
#include "testbed/namespaces.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

namespace ordeal {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_reply = 200;

std::string text_of(const TcpDoor& door) {
    return door.address + " port " + std::to_string(door.port);
}

Error socket_failure(const std::string& tried, int error) {
    const auto kind =
        error == ECONNREFUSED ? ErrorKind::refused
        // No neighbour answers, or no way leads there: for the caller silence.
        : error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN || error == ETIMEDOUT
            ? ErrorKind::timeout
            : ErrorKind::unavailable;
    return fail(kind, tried, std::system_category().message(error));
}

bool wait_for(int socket, short events, Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd watched{socket, events, 0};
    return ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
}

Result<Fd> open_connection(const TcpDoor& door, const std::string& tried, Clock::time_point end) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(door.port);
    if (::inet_pton(AF_INET, door.address.c_str(), &to.sin_addr) != 1) {
        return fail(ErrorKind::usage, tried, "not an IPv4 address");
    }
    auto made = socket_inside(door.inside, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (!made) {
        return made.error();
    }
    const auto* raw = reinterpret_cast<const sockaddr*>(&to);
    int problem = ::connect(made->get(), raw, sizeof to) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
        if (!wait_for(made->get(), POLLOUT, end)) {
            return fail(ErrorKind::timeout, tried, "no answer");
        }
        socklen_t size = sizeof problem;
        ::getsockopt(made->get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    }
    return problem == 0 ? std::move(made) : Result<Fd>(socket_failure(tried, problem));
}

}  // namespace

Result<Duration> tcp_connect(const TcpDoor& door, Duration deadline) {
    const auto begin = Clock::now();
    const auto made = open_connection(door, "connect to " + text_of(door), begin + deadline);
    if (!made) {
        return made.error();
    }
    const auto took = Clock::now() - begin;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(made->get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return took;
}

Result<std::string> tcp_ask(const TcpDoor& door, const std::string& question, Duration deadline) {
    const auto end = Clock::now() + deadline;
    const auto tried = "ask " + text_of(door);
    const auto made = open_connection(door, tried, end);
    if (!made) {
        return made.error();
    }
    // A question is shorter than any socket's buffer: sent whole, or the connection is broken.
    if (::send(made->get(), question.data(), question.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(question.size())) {
        return socket_failure(tried, errno);
    }
    std::string line;
    while (line.find('\n') == std::string::npos && line.size() < longest_reply) {
        if (!wait_for(made->get(), POLLIN, end)) {
            return fail(ErrorKind::timeout, tried, "no answer");
        }
        std::array<char, longest_reply> bytes{};
        const auto count = ::recv(made->get(), bytes.data(), bytes.size() - line.size(), 0);
        if (count <= 0) {
            return count == 0 ? fail(ErrorKind::unavailable, tried, "closed without a line")
                              : socket_failure(tried, errno);
        }
        line.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return line.substr(0, line.find_first_of("\r\n"));
}

}  // namespace ordeal
