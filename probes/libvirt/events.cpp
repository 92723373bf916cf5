#include "probes/common.hpp"
#include "probes/event_feed.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ordeal::probes {
namespace {

constexpr std::array<std::string_view, 2> signs_of_life{"started", "resumed"};
constexpr std::array<std::string_view, 6> signs_of_death{
    "suspended", "stopped", "shutdown", "crashed", "pm_suspended", "undefined"};

class Events final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        const auto interval = context.params.get<Duration>("interval");
        EventFeed feed(context);
        Belief belief;
        while (!stop.stop_requested()) {
            const auto subscribed = feed.follow();
            if (subscribed == EventFeed::Subscribed::failed) {
                belief = {.detail = "no subscription"};
            } else if (subscribed == EventFeed::Subscribed::anew) {
                belief.ask_state = true;
            }
            for (const auto& event : feed.take()) {
                hear(context, belief, event);
            }
            if (subscribed != EventFeed::Subscribed::failed && belief.ask_state) {
                ask_state(context, belief);
            } else {
                context.observer.saw(belief.opinion, belief.detail, belief.last_seen, belief.facts);
            }
            feed.wait(interval, stop);
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
        } else if (event.event == "connection_back" || event.event == EventFeed::overflow) {
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
