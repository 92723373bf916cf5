#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

/// What answers at TCP ports of one IPv4 address, asked from inside the network namespace of a
/// process; ours when that is 0. Thread-safe: no state. Errors of both: timeout (no answer, or no
/// way to the address), refused (nobody listens), usage (not an address), unavailable.
namespace ordeal {

struct TcpDoor {
    pid_t inside = 0;
    std::string address;
    std::uint16_t port = 0;
};

/// How long connecting took. The connection is reset at once, so that it costs the other side
/// little.
[[nodiscard]] Result<Duration> tcp_connect(const TcpDoor& door, Duration deadline);

/// Connects, sends `question` and reads a line, at most 200 bytes, without its end. Errors also:
/// unavailable (closed without a line).
[[nodiscard]] Result<std::string> tcp_ask(const TcpDoor& door,
                                          const std::string& question,
                                          Duration deadline);

}  // namespace ordeal
