#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/units.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>

namespace ordeal {

/// ICMP echo (RFC 792) to one IPv4 address, from inside the network namespace of a process.
/// Thread-safe: one echo at a time.
class Ping {
  public:
    /// Errors: usage (not an address), refused (needs root), not_found (no such process).
    [[nodiscard]] static Result<Ping> open(pid_t inside, const std::string& address);

    /// One echo; the round-trip time. Errors: timeout (no answer, or no way to the address);
    /// unavailable (the socket failed).
    [[nodiscard]] Result<Duration> echo(Duration deadline);

    /// Bytes a second that come back of echoes of `large` bytes, sent for `span` as fast as they
    /// go. Errors: unavailable (the socket failed).
    [[nodiscard]] Result<Bytes> speed(Duration span);

    static constexpr std::size_t large = 1400;  ///< with the headers below what Ethernet takes

  private:
    Ping(Fd socket, std::string address);

    Fd socket_;  ///< raw and connected: sees this address' answers only
    std::string address_;
    std::uint16_t id_;
    std::uint16_t sequence_ = 0;
    std::unique_ptr<std::mutex> one_at_a_time_;
};

}  // namespace ordeal
