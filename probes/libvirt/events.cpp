#include "probes/common.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ordeal::probes {
namespace {

constexpr std::array<std::string_view, 2> signs_of_life{"started", "resumed"};
constexpr std::array<std::string_view, 6> signs_of_death{
    "suspended", "stopped", "shutdown", "crashed", "pm_suspended", "undefined"};

/// Events between libvirt's thread and the probe's. When it is full all are dropped for one
/// "overflow", after which the state is asked for.
class Inbox {
  public:
    static constexpr std::string_view overflow = "overflow";

    void put(const DomainEvent& event) {
        const std::lock_guard lock(mutex_);
        if (events_.size() >= bound) {
            events_.assign(1, {.domain = event.domain, .event = std::string(overflow)});
        }
        events_.push_back(event);
    }

    std::deque<DomainEvent> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(events_, {});
    }

    bool empty() {
        const std::lock_guard lock(mutex_);
        return events_.empty();
    }

  private:
    static constexpr std::size_t bound = 64;
    std::mutex mutex_;
    std::deque<DomainEvent> events_;
};

class Events final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        const auto interval = context.params.get<Duration>("interval");
        Inbox inbox;
        Subscription subscription;
        std::string host;
        Belief belief;
        while (!stop.stop_requested()) {
            if (const auto now = context.host.name(); now != host) {
                subscription.reset();  // what the former host says of it is of no account any more
                inbox.take();
                host = now;
                belief.ask_state = true;
            }
            if (!subscription) {
                auto made = subscribe(context, inbox);
                if (made) {
                    subscription = std::move(*made);
                } else {
                    context.observer.failed(made.error());
                    belief = {.detail = "no subscription"};
                }
            }
            for (const auto& event : inbox.take()) {
                hear(context, belief, event);
            }
            if (subscription && belief.ask_state) {
                ask_state(context, belief);
            } else {
                context.observer.saw(belief.opinion, belief.detail, belief.last_seen, belief.facts);
            }
            context.scheduler.wait_for(interval, stop, [&] { return !inbox.empty(); });
        }
    }

  private:
    struct Belief {
        Opinion opinion = Opinion::unknown;
        std::string detail;
        std::optional<Instant> last_seen;
        Fields facts;
        bool ask_state = true;  ///< events may have been missed
    };

    static Result<Subscription> subscribe(ProbeContext& context, Inbox& inbox) {
        return context.host.hypervisor().subscribe(context.domain, [&](const DomainEvent& event) {
            inbox.put(event);
            context.scheduler.notify();
        });
    }

    static void ask_state(ProbeContext& context, Belief& belief) {
        const auto status = context.host.hypervisor().state(context.domain);
        if (!status) {
            context.observer.failed(status.error());
            belief.opinion = Opinion::unknown;
            belief.detail = "libvirt does not answer";
            context.observer.saw(belief.opinion, belief.detail);
            return;
        }
        const auto opinion = opinion_of(status->state);
        belief = {.opinion = opinion,
                  .detail = text_of(*status),
                  .last_seen = context.scheduler.now(),
                  .facts = facts_of(*status),
                  .ask_state = false};
        if (opinion != Opinion::alive) {
            belief.last_seen.reset();
        }
        context.observer.saw(belief.opinion, belief.detail, belief.last_seen, belief.facts);
    }

    static void hear(ProbeContext& context, Belief& belief, const DomainEvent& event) {
        const auto named = [&](const auto& names) {
            return std::ranges::find(names, event.event) != names.end();
        };
        belief.detail =
            event.detail.empty() ? event.event : event.event + " (" + event.detail + ")";
        belief.facts = {{"event", event.event}, {"detail", event.detail}};
        if (named(signs_of_life)) {
            belief.opinion = Opinion::alive;
            belief.last_seen = context.scheduler.now();
        } else if (named(signs_of_death)) {
            belief.opinion = Opinion::dead;
        } else if (event.event == "connection_lost") {
            belief.opinion = Opinion::unknown;
            context.observer.failed(
                fail(ErrorKind::unavailable, "hear libvirt's events", "the connection is lost"));
        } else if (event.event == "connection_back" || event.event == Inbox::overflow) {
            belief.opinion = Opinion::unknown;
            belief.ask_state = true;
        }
        context.observer.saw(belief.opinion, belief.detail, belief.last_seen, belief.facts);
    }
};

}  // namespace

std::unique_ptr<Probe> libvirt_events() {
    return std::make_unique<Events>();
}

}  // namespace ordeal::probes
