#include "verifier/true_health.hpp"

#include "core/catalogue.hpp"
#include "verifier/evidence.hpp"

#include <algorithm>
#include <set>

namespace ordeal::verifier {
namespace {

/// Beats and echoes that had left the guest before it stopped may arrive this much later.
constexpr Duration in_flight = std::chrono::milliseconds(250);

/// So long after its start a load may not have been looked at yet.
constexpr Duration load_start_grace = std::chrono::seconds(1);

constexpr std::size_t max_evidence = 8;

/// What all witnesses together say at one instant.
struct Decision {
    Health grade = Health::unknown;
    std::string part = {};
    Instant proven{};
    std::vector<std::string> evidence = {};
    bool contradiction = false;

    Decision& because(const Statement* statement) {
        if (statement != nullptr) {
            proven = std::max(proven, statement->proven);
            evidence.push_back(statement->words);
        }
        return *this;
    }
};

bool says(const Statement* statement, Sign sign) {
    return statement != nullptr && statement->sign == sign;
}

bool spoke_between(const std::vector<Instant>& life, Instant after, Instant until) {
    const auto next = std::ranges::upper_bound(life, after);
    return next != life.end() && *next <= until;
}

/// The guest spoke although its process was already seen gone or stopped, or its kernel panicked:
/// one of the witnesses is wrong. Says which statement of the living is the contradiction.
bool contradicted(const Witnesses& all, const Statement& dead, const Statement* living) {
    return says(living, Sign::alive) &&
           spoke_between(all.life, dead.proven, std::min(living->to, dead.to));
}

Decision decide_not_running(const Witnesses& all, Instant instant, const Statement& dead) {
    for (const Track* track : {&all.agent, &all.network, &all.echo}) {
        const Statement* living = at(*track, instant);
        if (contradicted(all, dead, living)) {
            return Decision{.contradiction = true}.because(&dead).because(living);
        }
    }
    const auto grade = dead.sign == Sign::stopped ? Health::hung : Health::dead;
    return Decision{.grade = grade}.because(&dead);
}

/// Whether the silent witness ever heard from the guest of the present process: a guest that still
/// boots is silent too.
bool was_heard(const Witnesses& all, Instant instant, const Statement& silent) {
    return silent.last_life && std::ranges::none_of(all.process, [&](const Statement& process) {
               return process.sign == Sign::gone && process.to <= instant &&
                      process.to > *silent.last_life;
           });
}

/// Nothing comes out of the guest any more. Whether that means hung depends on its process.
Decision decide_silent(const Witnesses& all,
                       Instant instant,
                       const Statement* process,
                       const std::vector<const Statement*>& silent) {
    const bool there = says(process, Sign::alive) || says(process, Sign::silent);
    const bool heard = std::ranges::any_of(
        silent, [&](const Statement* s) { return was_heard(all, instant, *s); });
    Decision decision{.grade = there && heard ? Health::hung : Health::unknown};
    decision.because(process);
    for (const Statement* statement : silent) {
        decision.because(statement);
    }
    return decision;
}

Decision decide_beating(const Witnesses& all, Instant instant, const Statement& beat) {
    const Statement* plan = at(all.load_plan, instant);
    const Statement* load = at(all.load, instant);
    Decision decision{.grade = Health::serving};
    decision.because(&beat);
    if (says(plan, Sign::expected) && load == nullptr && instant - plan->from >= load_start_grace) {
        decision.grade = Health::unknown;
        decision.evidence.emplace_back("load.progress: no observation");
        return decision;
    }
    if (says(plan, Sign::expected) && load != nullptr) {
        decision.because(load);
        if (load->sign == Sign::silent) {
            decision.grade = Health::degraded;
            decision.part = "storage";
            return decision;
        }
    }
    for (const Track* track : {&all.network, &all.echo}) {
        const Statement* silent = at(*track, instant);
        if (says(silent, Sign::silent) && was_heard(all, instant, *silent)) {
            decision.grade = Health::degraded;
            decision.part = "network";
            decision.because(silent);
        }
    }
    return decision;
}

Decision decide(const Witnesses& all, Instant instant) {
    const Statement* process = at(all.process, instant);
    const Statement* agent = at(all.agent, instant);
    const Statement* network = at(all.network, instant);
    const Statement* echo = at(all.echo, instant);
    if (says(process, Sign::gone) || says(process, Sign::stopped)) {
        return decide_not_running(all, instant, *process);
    }
    if (const Statement* console = at(all.console, instant); console != nullptr) {
        return decide_not_running(all, instant, *console);
    }
    // Without an agent.heartbeat probe the same agent's beats over the network stand for it.
    const Statement* beat = agent != nullptr ? agent : network;
    if (says(beat, Sign::alive)) {
        return decide_beating(all, instant, *beat);
    }
    for (const Statement* other : {network, echo}) {
        if (beat != nullptr && says(other, Sign::alive) && was_heard(all, instant, *beat)) {
            return Decision{.grade = Health::degraded, .part = "agent"}.because(beat).because(
                other);
        }
    }
    std::vector<const Statement*> silent;
    for (const Statement* witness : {agent, network, echo}) {
        if (says(witness, Sign::silent)) {
            silent.push_back(witness);
        }
    }
    return silent.empty() ? Decision{} : decide_silent(all, instant, process, silent);
}

struct Draft : HealthInterval {
    bool contradiction = false;
};

bool same(const HealthInterval& a, const HealthInterval& b) {
    return a.grade == b.grade && a.part == b.part;
}

void append(std::vector<Draft>& drafts, Draft next) {
    if (drafts.empty() || !same(drafts.back(), next)) {
        drafts.push_back(std::move(next));
        return;
    }
    auto& last = drafts.back();
    last.to = next.to;
    for (auto& words : next.evidence) {
        const bool known = std::ranges::find(last.evidence, words) != last.evidence.end();
        if (!known && last.evidence.size() < max_evidence) {
            last.evidence.push_back(std::move(words));
        }
    }
}

/// Takes out what never was a health of its own: a grade whose evidence was complete only after the
/// next, worse one had begun is the uncertainty of that boundary; so is a contradiction that is no
/// longer than what was in flight.
HealthTimeline settle(std::vector<Draft> drafts) {
    for (std::size_t i = 0; i + 1 < drafts.size(); ++i) {
        auto& now = drafts[i];
        auto& next = drafts[i + 1];
        const bool late_mail = now.contradiction && now.to - now.from <= in_flight;
        const bool unproven = now.grade != Health::unknown && now.proven > now.to;
        if (late_mail || (unproven && next.grade >= now.grade)) {
            next.from = now.from;
            now.to = now.from;
        } else if (unproven) {
            now.grade = Health::unknown;
            now.part.clear();
            now.proven = now.from;
            now.evidence.emplace_back("over before it was proven");
        }
    }
    std::vector<Draft> merged;
    for (auto& draft : drafts) {
        if (draft.to > draft.from) {
            append(merged, std::move(draft));
        }
    }
    return {merged.begin(), merged.end()};
}

}  // namespace

std::string_view name_of(Health health) {
    switch (health) {
        case Health::unknown:
            return "unknown";
        case Health::serving:
            return "serving";
        case Health::degraded:
            return "degraded";
        case Health::hung:
            return "hung";
        case Health::dead:
            return "dead";
    }
    return "unknown";
}

HealthTimeline true_health(const History& history, std::string_view domain) {
    const Witnesses all = gather(history, domain);
    std::set<Instant> bounds{Instant{}, history.end()};
    for (const Track* track : {&all.process,
                               &all.agent,
                               &all.network,
                               &all.echo,
                               &all.load,
                               &all.load_plan,
                               &all.console}) {
        for (const auto& statement : *track) {
            bounds.insert(std::min(statement.from, history.end()));
            bounds.insert(std::min(statement.to, history.end()));
        }
    }
    for (const auto& plan : all.load_plan) {
        bounds.insert(std::min(plan.from + load_start_grace, history.end()));
    }
    std::vector<Draft> drafts;
    for (auto from = bounds.begin(); std::next(from) != bounds.end(); ++from) {
        Decision decision = decide(all, *from);
        Draft draft;
        draft.from = *from;
        draft.to = *std::next(from);
        draft.proven = std::max(*from, decision.proven);
        draft.grade = decision.grade;
        draft.part = std::move(decision.part);
        draft.evidence = std::move(decision.evidence);
        draft.contradiction = decision.contradiction;
        append(drafts, std::move(draft));
    }
    return settle(std::move(drafts));
}

std::vector<Event> to_events(const HealthTimeline& timeline, std::string_view domain) {
    std::vector<Event> events;
    for (const auto& interval : timeline) {
        Fields data{{"until", interval.to},
                    {"grade", std::string(name_of(interval.grade))},
                    {"part", interval.part},
                    {"proven", interval.proven},
                    {"evidence", interval.evidence}};
        events.push_back({interval.from,
                          std::string(event::health),
                          "verifier",
                          std::string(domain),
                          std::move(data)});
    }
    return events;
}

std::vector<std::string> domains_of(const History& history) {
    std::set<std::string> domains;
    for (const auto& event : history.all()) {
        const bool of_domain = !watches_service(event.source);
        if ((event.kind == event::observation && of_domain) || event.kind == event::load_started) {
            domains.insert(event.subject);
        }
    }
    return {domains.begin(), domains.end()};
}

}  // namespace ordeal::verifier
