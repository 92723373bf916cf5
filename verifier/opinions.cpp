#include "verifier/opinions.hpp"

#include <algorithm>
#include <map>

namespace ordeal::verifier {
namespace {

struct Said {
    Span span;
    Opinion opinion = Opinion::unknown;
};

/// What all together say.
Opinion fused(const std::map<std::string, Opinion>& opinions) {
    auto together = Opinion::unknown;
    for (const auto& [observer, opinion] : opinions) {
        if (opinion == Opinion::dead) {
            return opinion;
        }
        together = opinion == Opinion::alive ? opinion : together;
    }
    return together;
}

/// What the observers said, from their first word to `end`.
std::vector<Said> opinions(const History& history,
                           const std::vector<std::string>& observers,
                           std::string_view domain,
                           Instant end) {
    std::vector<Said> said;
    std::map<std::string, Opinion> each;
    for (const Event* event : history.of(event::observation, {}, domain)) {
        if (event->at >= end) {
            break;
        }
        if (std::ranges::find(observers, event->source) == observers.end()) {
            continue;
        }
        each[event->source] = opinion_from(event->data.get<std::string>("opinion"));
        const auto opinion = fused(each);
        if (!said.empty() && said.back().opinion == opinion) {
            continue;
        }
        if (!said.empty()) {
            said.back().span.to = event->at;
        }
        said.push_back({{event->at, end}, opinion});
    }
    return said;
}

std::optional<Span> common(const Span& a, const Span& b) {
    const Span both{std::max(a.from, b.from), std::min(a.to, b.to)};
    return both.from < both.to ? std::optional(both) : std::nullopt;
}

bool is_down(const HealthInterval& interval, Harm harm) {
    return interval.grade == Health::hung || interval.grade == Health::dead ||
           (harm == Harm::any && interval.grade == Health::degraded);
}

/// A sign of life that was under way when a fault struck arrives at most this much later.
constexpr Duration in_flight = std::chrono::milliseconds(250);

/// The true moment lies between the last sign of health and the proof. It does not lie before the
/// injection that is in between.
Outage begin_outage(const History& history, std::string_view domain, const HealthInterval& down) {
    Outage outage{{down.from, down.to}, {}, {}};
    for (const Event* fault : history.of(event::fault_injecting)) {
        const auto target = fault->data.get<std::string>("target", std::string(domain));
        if (target == domain && fault->at >= down.from - in_flight && fault->at <= down.proven) {
            outage.span.from = std::max(down.from, fault->at);
            outage.cause = fault->subject;
        }
    }
    outage.uncertainty = std::max(Duration{}, down.proven - outage.span.from);
    return outage;
}

std::vector<Outage> outages_of(const History& history,
                               std::string_view domain,
                               const HealthTimeline& health,
                               const Span& judged,
                               Harm harm) {
    std::vector<Outage> outages;
    bool down_before = false;
    for (const auto& interval : health) {
        const bool down = is_down(interval, harm);
        if (down && down_before) {
            outages.back().span.to = interval.to;
        } else if (down) {
            outages.push_back(begin_outage(history, domain, interval));
        }
        down_before = down;
    }
    std::erase_if(outages, [&](const Outage& o) { return !common(o.span, judged); });
    for (auto& outage : outages) {
        outage.span = *common(outage.span, judged);
    }
    return outages;
}

void judge_outage(const Outage& outage, const std::vector<Said>& said, Agreement& into) {
    std::optional<Duration> detected;
    Duration alive{};
    for (const auto& words : said) {
        const auto both = common(words.span, outage.span);
        if (!both) {
            continue;
        }
        if (words.opinion == Opinion::alive) {
            into.false_alive.push_back(*both);
            alive += both->length();
        } else if (words.opinion == Opinion::dead && !detected) {
            detected = both->from - outage.span.from;
        }
    }
    into.detected.push_back(detected);
    into.said_alive.push_back(alive);
}

}  // namespace

std::optional<Span> judged_span(const History& history, std::string_view domain) {
    const Event* begin = history.first(event::phase_begin, {}, phase::load);
    const Event* load = history.first(event::load_started, {}, domain);
    if (begin == nullptr && load == nullptr) {
        return std::nullopt;
    }
    Span span{load != nullptr ? load->at : begin->at, history.end()};
    for (const Event* next : history.of(event::phase_begin)) {
        if (next->at > span.from && next->subject != phase::load) {
            span.to = next->at;
            break;
        }
    }
    return span;
}

Agreement compare(const History& history,
                  const std::vector<std::string>& observers,
                  std::string_view domain,
                  const HealthTimeline& health,
                  const Judged& by) {
    Agreement agreement;
    const auto& judged = by.span;
    const auto said = opinions(history, observers, domain, judged.to);
    agreement.observed = !said.empty();
    agreement.outages = outages_of(history, domain, health, judged, by.harm);
    for (const auto& outage : agreement.outages) {
        judge_outage(outage, said, agreement);
    }
    for (const auto& interval : health) {
        auto time = common({interval.from, interval.to}, judged);
        if (!time) {
            continue;
        }
        if (interval.grade == Health::unknown) {
            agreement.unknown += time->length();
        }
        // Up to its proof a health may still be the one before.
        time->from = std::max(time->from, interval.proven);
        if (interval.grade != Health::serving || time->from >= time->to) {
            continue;
        }
        agreement.serving += time->length();
        for (const auto& words : said) {
            const auto both = common(words.span, *time);
            if (words.opinion == Opinion::dead && both) {
                agreement.false_dead.push_back(*both);
            }
        }
    }
    return agreement;
}

}  // namespace ordeal::verifier
