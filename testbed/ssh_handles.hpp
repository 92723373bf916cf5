#pragma once

#include "testbed/ssh.hpp"

#include <libssh/libssh.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

/// Inside of testbed/ssh only.
namespace ordeal {

struct FreeSession {
    void operator()(ssh_session session) const {
        ssh_disconnect(session);
        ssh_free(session);
    }
};

struct FreeChannel {
    void operator()(ssh_channel channel) const { ssh_channel_free(channel); }
};

using SessionHandle = std::unique_ptr<ssh_session_struct, FreeSession>;
using ChannelHandle = std::unique_ptr<ssh_channel_struct, FreeChannel>;

/// Milliseconds left, at least 0, for poll(2).
inline int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

/// libssh's blocking calls take their deadline from the session.
inline void set_timeout(ssh_session session, std::chrono::steady_clock::time_point deadline) {
    const long seconds = milliseconds_until(deadline) / 1000;
    const long rest = std::max(milliseconds_until(deadline) % 1000 * 1000L, 1L);
    ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds);
    ssh_options_set(session, SSH_OPTIONS_TIMEOUT_USEC, &rest);
}

struct SshSession::Impl {
    SessionHandle session;
    std::string label;  ///< "root@10.77.0.1"

    [[nodiscard]] Error failure(const std::string& tried,
                                std::chrono::steady_clock::time_point deadline) const {
        const bool late = std::chrono::steady_clock::now() >= deadline;
        return fail(late ? ErrorKind::timeout : ErrorKind::unavailable,
                    tried + " " + label,
                    ssh_get_error(session.get()));
    }
};

}  // namespace ordeal
