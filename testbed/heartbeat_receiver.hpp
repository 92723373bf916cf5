#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/wire_messages.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>

namespace ordeal {

/// A heartbeat that came over the network, or what was wrong with a datagram.
struct NetworkBeat {
    std::chrono::steady_clock::time_point at;  ///< when it was read
    std::string sender;                        ///< "10.77.1.1"
    std::variant<wire::Heartbeat, wire::Problem> content;
};

/// Receives the agents' UDP heartbeats on a bound IPv4 socket, which may belong to another network
/// namespace.
class HeartbeatReceiver {
  public:
    /// Called on the receiver's own thread. What arrives while it blocks may be lost, as datagrams
    /// are.
    using Sink = std::function<void(const NetworkBeat&)>;

    [[nodiscard]] static Result<std::unique_ptr<HeartbeatReceiver>> start(Fd socket, Sink sink);

    HeartbeatReceiver(const HeartbeatReceiver&) = delete;
    HeartbeatReceiver& operator=(const HeartbeatReceiver&) = delete;

    /// Afterwards the sink is not running and never runs again.
    ~HeartbeatReceiver();

  private:
    HeartbeatReceiver(Fd socket, Fd wake, Sink sink);
    void receive_until_stopped(const std::stop_token& stop);

    Fd socket_;
    Fd wake_;  ///< ends the thread's wait
    Sink sink_;
    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace ordeal
