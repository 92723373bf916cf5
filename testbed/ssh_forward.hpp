#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "testbed/ssh.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace ordeal {

/// What a forwarded stream leads to, as the host sees it: a TCP port, or a unix socket.
struct SshDestination {
    std::string host;
    std::uint16_t port = 0;
    std::filesystem::path socket;  ///< when not empty
};

/// A byte stream to somewhere behind a host that is reached by ssh, over a connection of its own.
/// Lives until either end closes it or this object goes.
class SshForward {
  public:
    /// Errors: as of SshSession::open; unavailable (the host has no way to the destination).
    [[nodiscard]] static Result<std::unique_ptr<SshForward>> open(SshSession session,
                                                                  const SshDestination& to,
                                                                  Duration deadline);

    SshForward(const SshForward&) = delete;
    SshForward& operator=(const SshForward&) = delete;
    ~SshForward();

    /// The near end, once: a stream socket.
    [[nodiscard]] Fd take() { return std::move(near_); }

    struct Channel;

  private:
    SshForward(std::unique_ptr<Channel> channel, Fd near, Fd far, Fd wake);

    void pump(const std::stop_token& stop);

    std::unique_ptr<Channel> channel_;
    Fd near_;
    Fd far_;
    Fd wake_;
    std::jthread thread_;  ///< last: it uses all of the above
};

/// A host and, if the way leads over one, the host before it.
struct SshRoute {
    SshTarget target;
    std::optional<SshTarget> jump;
};

/// A session at the end of a route.
struct RoutedSession {
    std::unique_ptr<SshForward> way;  ///< first, so that it ends last; none: directly
    SshSession session;
};

/// Errors: as of SshSession::open.
[[nodiscard]] Result<RoutedSession> open_session(const SshRoute& route, Duration deadline);

/// A stream at the end of a route, with all that it needs.
struct RoutedStream {
    std::unique_ptr<SshForward> way;
    std::unique_ptr<SshForward> stream;
};

[[nodiscard]] Result<RoutedStream> open_stream(const SshRoute& route,
                                               const SshDestination& to,
                                               Duration deadline);

}  // namespace ordeal
