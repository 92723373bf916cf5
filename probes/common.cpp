#include "probes/common.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace ordeal::probes {

Rhythm::Rhythm(ProbeContext& context)
    : scheduler_(context.scheduler),
      interval_(context.params.get<Duration>("interval")),
      next_(grid(context.scheduler.now())) {}

Instant Rhythm::grid(Instant now) const {
    return now / interval_ * interval_;
}

bool Rhythm::wait(const std::stop_token& stop) {
    // One that is due is late, not missed: a look that lasted a whole interval is followed at once.
    next_ = std::max(next_ + interval_, grid(scheduler_.now()));
    scheduler_.wait_until(next_, stop);
    return !stop.stop_requested();
}

void watch_looks(ProbeContext& context,
                 const std::stop_token& stop,
                 std::string_view silence,
                 const std::function<Result<Look>(Duration deadline)>& look) {
    const auto interval = context.params.get<Duration>("interval");
    const auto deadline = std::min(context.params.get<Duration>("deadline"), interval);
    const auto threshold = context.params.get<std::int64_t>("threshold");
    Rhythm rhythm(context);
    std::optional<Instant> last_seen;
    std::int64_t missed = 0;
    Look held{.detail = "no answer yet"};
    do {
        auto seen = look(deadline);
        if (seen) {
            missed = 0;
            held = std::move(*seen);
            if (held.opinion == Opinion::alive) {
                last_seen = context.scheduler.now();
            }
        } else if (seen.error().kind != ErrorKind::timeout) {
            context.observer.failed(seen.error());
            held = {.detail = "cannot ask"};
        } else if (++missed >= threshold) {
            held = {.opinion = Opinion::dead,
                    .detail = std::to_string(threshold) + " " + std::string(silence) + " missed",
                    .facts = {{"missed", missed}}};
        }
        context.observer.saw(held.opinion, held.detail, last_seen, held.facts);
    } while (rhythm.wait(stop));
}

Result<Look> ServerLook::judge(ProbeContext& context, Result<Look> answer) {
    answered_ = answered_ || answer;
    if (answer) {
        return answer;
    }
    const auto kind = answer.error().kind;
    const bool none =
        kind == ErrorKind::refused || kind == ErrorKind::unavailable || kind == ErrorKind::timeout;
    if (!none) {
        return answer;
    }
    if (!answered_) {
        context.observer.failed(answer.error());
        return Look{.detail = "nobody has answered yet"};
    }
    return fail(ErrorKind::timeout, answer.error().tried, answer.error().answer);
}

void watch_heartbeat(ProbeContext& context,
                     const std::stop_token& stop,
                     const SubscribeBeats& subscribe) {
    std::mutex mutex;
    std::optional<Beat> last;
    std::int64_t count = 0;
    const auto subscription = subscribe([&](const Beat& beat) {
        {
            const std::lock_guard lock(mutex);
            last = beat;
            ++count;
        }
        context.scheduler.notify();
    });
    const auto interval = context.params.get<Duration>("interval");
    const auto threshold = context.params.get<std::int64_t>("threshold");
    const auto begin = context.scheduler.now();
    while (!stop.stop_requested()) {
        std::optional<Beat> beat;
        std::int64_t seen = 0;
        {
            const std::lock_guard lock(mutex);
            beat = last;
            seen = count;
        }
        const auto last_seen = beat ? std::optional(beat->arrived) : std::nullopt;
        const auto dead_at = last_seen.value_or(begin) + threshold * interval;
        const bool dead = context.scheduler.now() >= dead_at;
        Fields facts{{"beats", seen}};
        if (beat) {
            facts.set("uptime", beat->guest_uptime);
            facts.set("boot_id", beat->boot_id);
        }
        if (dead) {
            context.observer.saw(Opinion::dead,
                                 std::to_string(threshold) + " heartbeats missed",
                                 last_seen,
                                 std::move(facts));
        } else {
            context.observer.saw(beat ? Opinion::alive : Opinion::unknown,
                                 beat ? "beats" : "no heartbeat yet",
                                 last_seen,
                                 std::move(facts));
        }
        const auto next = context.scheduler.now() + interval;
        context.scheduler.wait_until(dead ? next : std::min(next, dead_at), stop, [&] {
            const std::lock_guard lock(mutex);
            return count != seen;
        });
    }
}

Opinion opinion_of(DomainState state) {
    switch (state) {
        case DomainState::running:
        case DomainState::blocked:
            return Opinion::alive;
        case DomainState::no_state:
        case DomainState::shutting_down:
            return Opinion::unknown;
        case DomainState::paused:
        case DomainState::shut_off:
        case DomainState::crashed:
        case DomainState::pm_suspended:
        case DomainState::not_defined:
            return Opinion::dead;
    }
    return Opinion::unknown;
}

std::string text_of(const DomainStatus& status) {
    return std::string(name_of(status.state)) + " (" + status.reason + ")";
}

Fields facts_of(const DomainStatus& status) {
    return {{"state", std::string(name_of(status.state))}, {"reason", status.reason}};
}

}  // namespace ordeal::probes
