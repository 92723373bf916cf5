#include "probes/common.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>

namespace ordeal::probes {
namespace {

/// What the guest says of its load, between its thread and the probe's.
class Ledger {
  public:
    struct State {
        bool running = false;
        bool failed = false;
        std::int64_t count = 0;
        Instant moved{};  ///< when a record was last acknowledged, or the load was first seen
        std::optional<Instant> last_seen;
    };

    void hear(const Acknowledged& range) {
        const std::lock_guard lock(mutex_);
        state_.running = true;
        state_.failed = false;
        state_.count += range.last - range.first + 1;
        state_.moved = range.arrived;
        state_.last_seen = range.arrived;
    }

    void hear(const Beat& beat) {
        const std::lock_guard lock(mutex_);
        if (beat.boot_id != boot_id_) {
            state_.count = 0;
            boot_id_ = beat.boot_id;
        }
        if (beat.load_running && !state_.running) {
            state_.moved = beat.arrived;
        }
        state_.running = beat.load_running;
        state_.failed = beat.load_failed;
    }

    State read() {
        const std::lock_guard lock(mutex_);
        return state_;
    }

  private:
    std::mutex mutex_;
    State state_;
    std::string boot_id_;
};

class Progress final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        Ledger ledger;
        const auto acknowledged =
            context.guest.on_acknowledged([&](const Acknowledged& range) { ledger.hear(range); });
        const auto beats = context.guest.on_beat([&](const Beat& beat) { ledger.hear(beat); });
        const auto interval = context.params.get<Duration>("interval");
        const auto stalled_after = context.params.get<Duration>("stalled_after");
        while (!stop.stop_requested()) {
            const auto now = context.scheduler.now();
            const auto state = ledger.read();
            // The instant at which it counts as stalled, if nothing moves until then.
            const auto stalled_at = state.moved + stalled_after;
            Fields facts{{"acknowledged", state.count}};
            if (state.failed) {
                context.observer.saw(Opinion::dead,
                                     "the load ended by itself: a write failed",
                                     state.last_seen,
                                     std::move(facts));
            } else if (!state.running) {
                context.observer.saw(
                    Opinion::unknown, "no load runs", state.last_seen, std::move(facts));
            } else if (now >= stalled_at) {
                context.observer.saw(Opinion::dead,
                                     "nothing acknowledged for " + to_text(stalled_after),
                                     state.last_seen,
                                     std::move(facts));
            } else {
                context.observer.saw(
                    Opinion::alive, "writes are acknowledged", state.last_seen, std::move(facts));
            }
            const bool may_stall = state.running && stalled_at > now;
            context.scheduler.wait_until(
                may_stall ? std::min(now + interval, stalled_at) : now + interval, stop);
        }
    }
};

}  // namespace

std::unique_ptr<Probe> load_progress() {
    return std::make_unique<Progress>();
}

}  // namespace ordeal::probes
