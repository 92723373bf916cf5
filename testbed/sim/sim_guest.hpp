#pragma once

#include "core/testbed.hpp"
#include "testbed/sim/sim_world.hpp"

#include <memory>

namespace ordeal {

/// The doors into a simulated guest.
class SimGuest final : public Guest {
  public:
    SimGuest(SimWorld& world, std::shared_ptr<SimDomain> domain)
        : world_(world), domain_(std::move(domain)) {}

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
    /// A simulated kernel has no opinion of its disks.
    Subscription on_write_cache(std::function<void(const GuestWriteCache&)> callback) override;
    Subscription on_protocol_error(std::function<void(const std::string&)> callback) override;
    Subscription on_network_beat(std::function<void(const Beat&)> callback) override;
    Subscription on_console(std::function<void(Instant, const std::string&)> callback) override;

    Result<Duration> ping(Duration deadline) override;
    /// Someone listens at every port, whether the agent runs or not, unless SimDomain says
    /// otherwise.
    Result<Duration> connect(std::uint16_t port, Duration deadline) override;
    /// Answers an HTTP request with "HTTP/1.0 200 OK" and all else as an ssh server.
    Result<std::string> ask(std::uint16_t port,
                            const std::string& question,
                            Duration deadline) override;

  private:
    Status ask_agent(const std::string& tried, Duration deadline);
    Status order(const std::string& tried, Duration deadline, const std::function<Status()>& deed);

    SimWorld& world_;
    std::shared_ptr<SimDomain> domain_;
};

}  // namespace ordeal
