#include "testbed/ssh_forward.hpp"

#include "testbed/ssh_handles.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

using Clock = std::chrono::steady_clock;

/// A host whose window stays shut for this long is not coming back.
constexpr auto write_patience = std::chrono::seconds(30);

bool send_all(int fd, const char* data, std::size_t size) {
    while (size > 0) {
        const auto sent = ::send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

std::string text_of(const SshDestination& to) {
    return to.socket.empty() ? to.host + ":" + std::to_string(to.port) : to.socket.string();
}

Duration left_until(Clock::time_point end) {
    return std::max<Duration>(end - Clock::now(), std::chrono::milliseconds(1));
}

}  // namespace

struct SshForward::Channel {
    SshSession session;
    ChannelHandle handle;  ///< goes before its session

    ssh_session raw() { return session.impl().session.get(); }

    /// Hands on what has come; false when nothing more will.
    bool to_near(int fd) {
        std::array<char, 16384> buffer{};
        for (;;) {
            const int count =
                ssh_channel_read_nonblocking(handle.get(), buffer.data(), buffer.size(), 0);
            if (count > 0 && !send_all(fd, buffer.data(), static_cast<std::size_t>(count))) {
                return false;
            }
            if (count <= 0) {
                return count == 0 && ssh_channel_is_eof(handle.get()) == 0 &&
                       ssh_channel_is_closed(handle.get()) == 0;
            }
        }
    }

    bool from_near(int fd) {
        std::array<char, 16384> buffer{};
        const auto count = ::read(fd, buffer.data(), buffer.size());
        if (count <= 0) {
            return false;
        }
        set_timeout(raw(), Clock::now() + write_patience);
        return ssh_channel_write(handle.get(), buffer.data(), static_cast<std::uint32_t>(count)) ==
               static_cast<int>(count);
    }
};

Result<std::unique_ptr<SshForward>> SshForward::open(SshSession session,
                                                     const SshDestination& to,
                                                     Duration deadline) {
    const auto end = Clock::now() + deadline;
    auto& impl = session.impl();
    const auto tried = "reach " + text_of(to) + " through";
    set_timeout(impl.session.get(), end);
    ChannelHandle handle(ssh_channel_new(impl.session.get()));
    const int opened =
        to.socket.empty()
            ? ssh_channel_open_forward(handle.get(), to.host.c_str(), to.port, "localhost", 0)
            : ssh_channel_open_forward_unix(handle.get(), to.socket.c_str(), "localhost", 0);
    if (opened != SSH_OK) {
        return impl.failure(tried, end);
    }
    std::array<int, 2> ends{-1, -1};
    Fd wake(::eventfd(0, EFD_CLOEXEC));
    if (!wake || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail(ErrorKind::unavailable, tried, std::system_category().message(errno));
    }
    auto channel = std::make_unique<Channel>(Channel{std::move(session), std::move(handle)});
    return std::unique_ptr<SshForward>(
        new SshForward(std::move(channel), Fd(ends[0]), Fd(ends[1]), std::move(wake)));
}

SshForward::SshForward(std::unique_ptr<Channel> channel, Fd near, Fd far, Fd wake)
    : channel_(std::move(channel)),
      near_(std::move(near)),
      far_(std::move(far)),
      wake_(std::move(wake)),
      thread_([this](const std::stop_token& stop) { pump(stop); }) {}

SshForward::~SshForward() {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
    ::shutdown(far_.get(), SHUT_RDWR);  // a pump that waits for a slow reader goes on
}

void SshForward::pump(const std::stop_token& stop) {
    std::array<pollfd, 3> waits{pollfd{far_.get(), POLLIN, 0},
                                pollfd{ssh_get_fd(channel_->raw()), POLLIN, 0},
                                pollfd{wake_.get(), POLLIN, 0}};
    bool open = true;
    while (open && !stop.stop_requested()) {
        // Before the wait: a write may have read packets, which no poll sees any more.
        open = channel_->to_near(far_.get());
        if (!open || ::poll(waits.data(), waits.size(), -1) < 0) {
            open = open && errno == EINTR;
            continue;
        }
        if (waits[0].revents != 0) {
            open = channel_->from_near(far_.get());
        }
    }
    ::shutdown(far_.get(), SHUT_RDWR);
}

Result<RoutedSession> open_session(const SshRoute& route, Duration deadline) {
    const auto end = Clock::now() + deadline;
    std::unique_ptr<SshForward> way;
    if (route.jump) {
        auto before = SshSession::open(*route.jump, deadline);
        if (!before) {
            return before.error();
        }
        auto forward = SshForward::open(std::move(*before),
                                        {.host = route.target.host, .port = route.target.port},
                                        left_until(end));
        if (!forward) {
            return forward.error();
        }
        way = std::move(*forward);
    }
    auto session = SshSession::open(route.target, left_until(end), way ? way->take() : Fd());
    if (!session) {
        return session.error();
    }
    return RoutedSession{std::move(way), std::move(*session)};
}

Result<RoutedStream> open_stream(const SshRoute& route,
                                 const SshDestination& to,
                                 Duration deadline) {
    const auto end = Clock::now() + deadline;
    auto session = open_session(route, deadline);
    if (!session) {
        return session.error();
    }
    auto stream = SshForward::open(std::move(session->session), to, left_until(end));
    if (!stream) {
        return stream.error();
    }
    return RoutedStream{std::move(session->way), std::move(*stream)};
}

}  // namespace ordeal
