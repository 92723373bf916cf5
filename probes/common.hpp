#pragma once

#include "core/probe.hpp"

#include <functional>
#include <string>

namespace ordeal::probes {

/// Waits for the next look. Looks fall on whole multiples of `interval`, so that those of many
/// domains come together and cost one wake-up of libvirt and of the processor instead of many;
/// looks that were missed because one took long are left out. False when the probe is to stop.
class Rhythm {
  public:
    explicit Rhythm(ProbeContext& context);
    [[nodiscard]] bool wait(const std::stop_token& stop);

  private:
    [[nodiscard]] Instant grid(Instant now) const;

    Scheduler& scheduler_;
    const Duration interval_;
    Instant next_;
};

/// How a probe hears heartbeats.
using SubscribeBeats = std::function<Subscription(std::function<void(const Beat&)>)>;

/// Watches heartbeats until stopped: alive while they come, dead when `threshold` intervals have
/// gone by since the last (or since the start). Says so at that very instant, not at a later poll.
void watch_heartbeat(ProbeContext& context,
                     const std::stop_token& stop,
                     const SubscribeBeats& subscribe);

/// What libvirt's state means for the service of the domain: running and blocked are alive, being
/// shut down and no state are unknown, all others are dead.
[[nodiscard]] Opinion opinion_of(DomainState state);

/// "paused (user)", and the facts `state` and `reason`.
[[nodiscard]] std::string text_of(const DomainStatus& status);
[[nodiscard]] Fields facts_of(const DomainStatus& status);

}  // namespace ordeal::probes
