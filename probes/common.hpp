#pragma once

#include "core/probe.hpp"

#include <functional>
#include <string>
#include <string_view>

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

/// What one look at a domain showed.
struct Look {
    Opinion opinion = Opinion::unknown;
    std::string detail;
    Fields facts;
};

/// Looks once an interval until stopped, for at most `deadline` each. A look that ends with
/// `timeout` was not answered: `threshold` of these in a row are dead, of fewer what was said last
/// still holds. Any other error: the probe cannot look, and does not know.
/// `silence` is what is missed, in the plural.
void watch_looks(ProbeContext& context,
                 const std::stop_token& stop,
                 std::string_view silence,
                 const std::function<Result<Look>(Duration deadline)>& look);

/// A look at a server in the guest: until it answers for the first time, it is not there.
class ServerLook {
  public:
    /// What an answer, or the want of one, shows. Refused and broken connections are as good as
    /// none.
    [[nodiscard]] Result<Look> judge(ProbeContext& context, Result<Look> answer);

  private:
    bool answered_ = false;
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
