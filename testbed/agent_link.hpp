#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/units.hpp"
#include "core/wire_messages.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

namespace ordeal {

/// The agent's end went away: QEMU ended or closed the socket. The last event of a link.
struct LinkClosed {
    std::string why;
};

using AgentEvent = std::variant<wire::Message, wire::Problem, LinkClosed>;

/// Gets every event in the order of arrival, answers included, with the time at which its bytes
/// were read. Called on the link's own thread: it must not ask the same link anything. While it
/// blocks nothing more is read, so that the guest's writers wait and no acknowledgement is dropped.
using AgentSink = std::function<void(std::chrono::steady_clock::time_point, const AgentEvent&)>;

/// The host's end of one agent's virtio-serial port, on the unix socket that QEMU listens on (only
/// one link at a time gets through). Lives as long as the QEMU process; connect anew afterwards.
/// Thread-safe.
///
/// Errors of all questions: timeout; unavailable when the link closes before the answer; refused,
/// with the agent's own words, when it answers that it did not do it.
class AgentLink {
  public:
    /// Tries until QEMU has made the socket; asks the agent for its Hello, which it may say twice.
    [[nodiscard]] static Result<std::unique_ptr<AgentLink>> connect(
        const std::filesystem::path& socket,
        AgentSink sink,
        Duration deadline,
        const std::stop_token& stop = {});

    /// The same over a stream socket that leads there already.
    [[nodiscard]] static Result<std::unique_ptr<AgentLink>> over(Fd stream,
                                                                 AgentSink sink,
                                                                 Duration deadline);

    AgentLink(const AgentLink&) = delete;
    AgentLink& operator=(const AgentLink&) = delete;

    /// Afterwards the sink is not running and never runs again.
    ~AgentLink();

    /// Waits for the first Hello of this link: the guest has booted and the agent is there.
    [[nodiscard]] Result<wire::Hello> wait_hello(Duration deadline,
                                                 const std::stop_token& stop = {});

    /// `request` fields of the arguments are filled in here.
    [[nodiscard]] Result<wire::Hello> ask_hello(Duration deadline);
    [[nodiscard]] Status start_load(wire::LoadStart order, Duration deadline);
    /// Its final state: every acknowledgement was handed to the sink before this returns.
    [[nodiscard]] Result<wire::LoadStatus> stop_load(Duration deadline);
    [[nodiscard]] Result<wire::LoadStatus> load_status(Duration deadline);
    [[nodiscard]] Result<wire::ClockReading> read_clocks(Duration deadline);
    [[nodiscard]] Status set_heartbeat_interval(Duration interval, Duration deadline);
    /// The agent answers just before the fault strikes; an answer lost with the guest is
    /// unavailable or timeout.
    [[nodiscard]] Status inject(wire::InjectFault fault, Duration deadline);
    [[nodiscard]] Status end_fault(const std::string& fault, Duration deadline);
    /// `path`: a directory on the file system that is asked about.
    [[nodiscard]] Result<wire::GuestFacts> look(const std::string& path, Duration deadline);

  private:
    AgentLink(Fd socket, Fd wake, AgentSink sink);

    template <class Answer, class Request>
    [[nodiscard]] Result<Answer> ask(Request request, std::string tried, Duration deadline);
    [[nodiscard]] Status send(const wire::Message& message,
                              const std::string& tried,
                              std::chrono::steady_clock::time_point deadline);
    void read_until_closed(const std::stop_token& stop);
    void deliver(std::chrono::steady_clock::time_point at, AgentEvent event);

    Fd socket_;
    Fd wake_;  ///< ends the reader's wait
    AgentSink sink_;

    std::mutex sending_;  ///< one frame at a time, numbered in the order in which they leave
    std::uint32_t sequence_ = 0;

    std::mutex mutex_;
    std::condition_variable_any arrived_;
    std::uint32_t last_request_ = 0;
    /// Questions under way and, once it is there, the answer.
    std::map<std::uint32_t, std::optional<wire::Message>> answers_;
    std::optional<wire::Hello> hello_;
    std::optional<std::string> closed_;

    std::jthread reader_;  ///< last: it uses all of the above
};

}  // namespace ordeal
