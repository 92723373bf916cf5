#pragma once

#include "core/fd.hpp"
#include "guest-agents/faults.hpp"
#include "guest-agents/helpers.hpp"
#include "guest-agents/load.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace ordeal::agent {

struct Options {
    std::string port;    ///< character device or unix socket; empty: the virtio-serial port
    std::string listen;  ///< make this unix socket instead and serve one controller at a time
    std::optional<sockaddr_in> udp;      ///< where the second heartbeat goes
    Duration interval{};                 ///< between heartbeats
    std::vector<std::string> permitted;  ///< faults that may be made here
};

/// The agent: its own thread serves the port and never touches a disk; the load and the UDP
/// heartbeat have theirs.
class Agent {
  public:
    explicit Agent(Options options);

    /// Serves the port for as long as the process lives, over any number of connections.
    [[noreturn]] void run();

  private:
    using Clock = std::chrono::steady_clock;

    // The port.
    void connect();
    void disconnect();
    void begin_session();
    void wait(Duration limit, bool port_too);
    void receive();
    void flush_until(Clock::time_point deadline);
    [[nodiscard]] bool transmit();
    [[nodiscard]] bool hung_up() const;

    // The messages.
    void send(wire::Message message);
    void report(wire::LogLevel level, const std::string& text);
    void collect();
    void beat_when_due();
    void tell_write_caches();
    void say_hello(std::uint32_t request);
    void dispatch(const wire::Message& message);
    void set_interval(const wire::SetHeartbeatInterval& request);
    void inject(const wire::InjectFault& request);

    [[nodiscard]] wire::Heartbeat heartbeat(std::uint64_t number, std::uint64_t skipped) const;
    void beat_over_network(const std::stop_token& stop);

    Options options_;
    std::string boot_id_;
    std::atomic<Duration::rep> interval_;
    std::atomic<std::uint64_t> problems_ = 0;
    Fd wake_;
    Fd listener_;
    Fd port_;
    bool is_socket_ = false;
    bool connected_ = false;
    wire::MessageDecoder decoder_;
    std::deque<wire::Message> outbox_;  ///< bounded: no reading and no reports when it is full
    wire::Buffer frame_;                ///< the first of outbox_ encoded, while it is being sent
    std::size_t sent_ = 0;              ///< bytes of frame_
    std::uint32_t sequence_ = 0;        ///< of the next frame
    Clock::time_point next_beat_;
    std::uint64_t beats_ = 0;
    std::uint64_t skipped_ = 0;
    std::map<std::string, std::string> write_caches_;  ///< as told in this session
    Clock::time_point next_look_;                      ///< at them
    Load load_;
    Helpers helpers_;
    std::jthread network_;
};

}  // namespace ordeal::agent
