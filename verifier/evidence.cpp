#include "verifier/evidence.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace ordeal::verifier {
namespace {

/// A watching probe records at least once a second; when it does not, it was blind.
constexpr Duration longest_record_gap = std::chrono::seconds(3);

Instant life_of(const Event& observation) {
    return std::min(observation.at, observation.data.get<Duration>("last_seen", observation.at));
}

std::string words_of(const Event& observation) {
    return fmt::format("{}: {} at {}",
                       observation.source,
                       observation.data.get<std::string>("detail"),
                       stamp(observation.at));
}

Opinion opinion_of(const Event& observation) {
    return opinion_from(observation.data.get<std::string>("opinion"));
}

/// A statement in the making; `life` moves on while the witness goes on seeing signs of life.
class TrackBuilder {
  public:
    void see(const Event& event, Sign sign) {
        expire(event.at);
        if (sign == Sign::alive) {
            life_ = std::max(life_.value_or(Instant{}), life_of(event));
        } else if (event.data.has("last_seen")) {
            life_ = std::max(life_.value_or(Instant{}), life_of(event));
        }
        last_record_ = event.at;
        if (!track_.empty() && open_ && track_.back().sign == sign) {
            return;
        }
        Instant from = sign == Sign::alive ? life_of(event) : life_.value_or(event.at);
        if (!track_.empty()) {
            from = std::max(from, open_ ? track_.back().from : track_.back().to);
        }
        if (open_ && track_.back().sign != Sign::alive && sign != Sign::alive) {
            // One kind of standstill after another: the first held until the second was seen,
            // although the last sign of life lies before both.
            from = event.at;
        }
        close(from);
        track_.push_back({sign, from, event.at, event.at, life_, words_of(event)});
        open_ = true;
    }

    /// Nothing can be said from `instant` on.
    void close(Instant instant) {
        if (open_) {
            track_.back().to = instant;
        }
        open_ = false;
    }

    void expire(Instant now) {
        if (open_ && now - last_record_ > longest_record_gap) {
            close(last_record_ + longest_record_gap);
        }
    }

    Track finish(Instant end) {
        expire(end);
        close(end);
        std::erase_if(track_, [](const Statement& s) { return s.to <= s.from; });
        return std::move(track_);
    }

  private:
    Track track_;
    std::optional<Instant> life_;
    Instant last_record_{};
    bool open_ = false;
};

Sign process_sign(const Event& observation) {
    const auto state = observation.data.get<std::string>("state");
    if (state == "T" || state == "t") {
        return Sign::stopped;
    }
    if (opinion_of(observation) == Opinion::alive) {
        return Sign::alive;
    }
    // A process that is there and burns no time: silent, not gone.
    return state == "R" || state == "S" || state == "D" ? Sign::silent : Sign::gone;
}

Sign plain_sign(const Event& observation) {
    return opinion_of(observation) == Opinion::alive ? Sign::alive : Sign::silent;
}

Track observed(const History& history,
               std::string_view probe,
               std::string_view domain,
               Sign (*sign_of)(const Event&)) {
    TrackBuilder builder;
    for (const Event* event : history.of(event::observation, probe, domain)) {
        if (opinion_of(*event) == Opinion::unknown) {
            builder.close(event->at);
        } else {
            builder.see(*event, sign_of(*event));
        }
    }
    return builder.finish(history.end());
}

/// A panic stays on the console until the guest says hello again.
Track console_track(const History& history, std::string_view domain) {
    Track track;
    bool watch_says_dead = false;
    for (const auto& event : history.all()) {
        if (event.subject != domain) {
            continue;
        }
        const bool line =
            event.kind == event::console && event.data.get<std::string>("class") == "panic";
        const bool watch =
            event.kind == event::observation && event.source == std::string_view("console.watch");
        // Observations repeat: only a new "dead" is a new panic.
        const bool turned_dead = watch && opinion_of(event) == Opinion::dead && !watch_says_dead;
        watch_says_dead = watch ? opinion_of(event) == Opinion::dead : watch_says_dead;
        const bool well_again =
            event.kind == event::agent_hello || (watch && opinion_of(event) == Opinion::alive);
        const bool open = !track.empty() && track.back().to == Instant::max();
        if (!open && (line || turned_dead)) {
            const auto words = line ? fmt::format("console: \"{}\" at {}",
                                                  event.data.get<std::string>("line"),
                                                  stamp(event.at))
                                    : words_of(event);
            track.push_back({Sign::panicked, event.at, Instant::max(), event.at, {}, words});
        } else if (open && well_again) {
            track.back().to = event.at;
        }
    }
    return track;
}

/// A load is expected to move from its start until it is stopped or the guest boots again.
Track load_plan_track(const History& history, std::string_view domain) {
    Track track;
    std::string boot_id;
    for (const auto& event : history.all()) {
        const bool open = !track.empty() && track.back().to == Instant::max();
        if (event.subject != domain) {
            continue;
        }
        if (event.kind == event::load_started && !open) {
            const auto words = fmt::format("load started at {}", stamp(event.at));
            track.push_back({Sign::expected, event.at, Instant::max(), event.at, {}, words});
        } else if (event.kind == event::agent_hello) {
            const auto booted = event.data.get<std::string>("boot_id");
            if (booted != std::exchange(boot_id, booted) && open) {
                track.back().to = event.at;
            }
        } else if (event.kind == event::load_stopped && open) {
            track.back().to = event.at;
        }
    }
    return track;
}

std::vector<Instant> life_signs(const History& history, std::string_view domain) {
    std::vector<Instant> life;
    for (const Event* event : history.of(event::observation, {}, domain)) {
        const bool guest_speaks = event->source == std::string_view("agent.heartbeat") ||
                                  event->source == std::string_view("network.heartbeat") ||
                                  event->source == std::string_view("network.ping");
        if (guest_speaks &&
            (opinion_of(*event) == Opinion::alive || event->data.has("last_seen"))) {
            life.push_back(life_of(*event));
        }
    }
    for (const Event* event : history.of(event::ledger_acknowledged, {}, domain)) {
        life.push_back(event->at);
    }
    std::ranges::sort(life);
    return life;
}

/// A process that is gone or stopped now was neither when the guest last spoke.
void bound_by_life(Track& process, const std::vector<Instant>& life) {
    for (auto& statement : process) {
        if (statement.sign != Sign::gone && statement.sign != Sign::stopped) {
            continue;
        }
        const auto after = std::ranges::upper_bound(life, statement.proven);
        if (after == life.begin() || *std::prev(after) <= statement.from) {
            continue;
        }
        statement.from = *std::prev(after);
        if (&statement != &process.front() && (&statement - 1)->sign == Sign::alive) {
            (&statement - 1)->to = statement.from;
        }
    }
}

}  // namespace

std::string stamp(Instant instant) {
    return fmt::format("{:.3f} s", seconds(instant));
}

const Statement* at(const Track& track, Instant instant) {
    const auto after = std::ranges::upper_bound(track, instant, {}, &Statement::from);
    if (after == track.begin() || std::prev(after)->to <= instant) {
        return nullptr;
    }
    return &*std::prev(after);
}

Witnesses gather(const History& history, std::string_view domain) {
    Witnesses all;
    all.process = observed(history, "qemu.process", domain, process_sign);
    all.agent = observed(history, "agent.heartbeat", domain, plain_sign);
    all.network = observed(history, "network.heartbeat", domain, plain_sign);
    all.echo = observed(history, "network.ping", domain, plain_sign);
    all.load = observed(history, "load.progress", domain, plain_sign);
    all.load_plan = load_plan_track(history, domain);
    all.console = console_track(history, domain);
    all.life = life_signs(history, domain);
    bound_by_life(all.process, all.life);
    return all;
}

}  // namespace ordeal::verifier
