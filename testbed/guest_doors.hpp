#pragma once

#include "core/listeners.hpp"
#include "core/scheduler.hpp"
#include "core/testbed.hpp"
#include "testbed/agent_link.hpp"
#include "testbed/console_tail.hpp"
#include "testbed/heartbeat_receiver.hpp"
#include "testbed/ping.hpp"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace ordeal {

/// A byte stream to an agent's port, with what keeps it open.
struct AgentStream {
    Fd socket;
    std::shared_ptr<void> keeper;
};

/// Where a guest's doors are, as the controller sees them.
struct GuestPlace {
    std::string domain;
    /// Where QEMU may make the agent's port, on whichever host it runs; none needs to exist yet.
    std::vector<std::filesystem::path> agent_sockets;
    std::filesystem::path console;  ///< must exist; empty: it cannot be seen
    std::string address;            ///< IPv4, without prefix length; empty: not known
    pid_t inside = 0;               ///< a process in the network namespace that reaches it; 0: ours
    /// Instead of agent_sockets: one attempt to reach the port. With neither there is no agent.
    std::function<Result<AgentStream>(Duration deadline)> agent = {};
    /// Of the file systems of its disks, where they are not LoadOrder::mount_point; by disk.
    std::map<std::string, std::string> mounts = {};
    /// Without an agent, by what else tells it: whether the guest has booted; `timeout`: not yet.
    /// wait_hello() then answers with a hello that says nothing.
    std::function<Status(Instant deadline)> booted = {};
};

/// The doors into the guest of one domain, open from the domain's definition to its removal: the
/// agent link is made again whenever QEMU has made the port anew. Thread-safe; no call may be
/// under way when it is destroyed. Callbacks run on the doors' own threads: they must be short and
/// must ask the same guest nothing.
class GuestDoors final : public Guest {
  public:
    [[nodiscard]] static Result<std::unique_ptr<GuestDoors>> open(GuestPlace place,
                                                                  const Scheduler& scheduler);

    GuestDoors(const GuestDoors&) = delete;
    GuestDoors& operator=(const GuestDoors&) = delete;
    ~GuestDoors() override;

    /// The domain is about to be started: only a hello from now on is one of the present boot.
    void expect_boot();
    /// A heartbeat from this guest's address, or a datagram that should have been one.
    void take(const NetworkBeat& beat);

    Result<Hello> wait_hello(Instant deadline) override;
    Status start_load(const LoadOrder& order, Duration deadline) override;
    Status stop_load(Duration deadline) override;
    Result<ClockReading> read_clock(Duration deadline) override;
    Status inject(const std::string& fault, const Fields& params, Duration deadline) override;
    Status heal(const std::string& fault, Duration deadline) override;
    Result<GuestFacts> look(const std::string& disk, Duration deadline) override;

    Subscription on_hello(std::function<void(const Hello&)> callback) override;
    Subscription on_beat(std::function<void(const Beat&)> callback) override;
    Subscription on_acknowledged(std::function<void(const Acknowledged&)> callback) override;
    Subscription on_write_cache(std::function<void(const GuestWriteCache&)> callback) override;
    Subscription on_protocol_error(std::function<void(const std::string&)> callback) override;
    Subscription on_network_beat(std::function<void(const Beat&)> callback) override;
    Subscription on_console(std::function<void(Instant, const std::string&)> callback) override;

    Result<Duration> ping(Duration deadline) override;
    Result<Duration> connect(std::uint16_t port, Duration deadline) override;
    Result<std::string> ask(std::uint16_t port,
                            const std::string& question,
                            Duration deadline) override;

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    GuestDoors(GuestPlace place, const Scheduler& scheduler, std::optional<Ping> ping);

    [[nodiscard]] Result<std::unique_ptr<AgentLink>> open_link(const std::stop_token& stop);
    void keep_link(const std::stop_token& stop);
    [[nodiscard]] Result<std::shared_ptr<AgentLink>> link(const std::string& tried);
    [[nodiscard]] Instant instant(SteadyTime at) const;
    [[nodiscard]] std::string mount_of(const std::string& disk) const;
    void on_agent(SteadyTime at, const AgentEvent& event);
    void on_message(SteadyTime at, const wire::Hello& hello);
    void on_message(SteadyTime at, const wire::Heartbeat& heartbeat);
    void on_message(SteadyTime at, const wire::Acknowledged& acknowledged);
    void on_message(SteadyTime at, const wire::WriteCache& cache);
    void on_message(SteadyTime at, const wire::LogLine& line);

    GuestPlace place_;
    const Scheduler& scheduler_;
    std::optional<Ping> ping_;

    Listeners<Hello> hellos_;
    Listeners<Beat> beats_;
    Listeners<Acknowledged> acknowledged_;
    Listeners<GuestWriteCache> write_caches_;
    Listeners<std::string> protocol_errors_;
    Listeners<Beat> network_beats_;
    Listeners<Instant, std::string> console_lines_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<Hello> hello_;    ///< of the present boot
    std::shared_ptr<void> stream_;  ///< of the link; the keeper's own
    std::shared_ptr<AgentLink> link_;
    bool closed_ = false;        ///< the present link is
    std::uint64_t run_ = 0;      ///< of the load ordered last
    std::uint64_t writers_ = 1;  ///< of that load

    std::unique_ptr<ConsoleTail> console_;
    std::jthread keeper_;  ///< last: it uses all of the above
};

}  // namespace ordeal
