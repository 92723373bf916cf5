#include "reports/story.hpp"

#include "reports/deciders.hpp"
#include "reports/service_lanes.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace ordeal::reports {
namespace {

bool is_outage(std::string_view grade) {
    return grade == "hung" || grade == "dead";
}

Duration longest(const std::vector<Span>& spans) {
    Duration most{};
    for (const auto& span : spans) {
        most = std::max(most, span.length());
    }
    return most;
}

/// Events of one observer about one domain, as spans: each opinion holds until the next one.
std::vector<Span> opinions(const std::vector<const Event*>& events, Instant end) {
    std::vector<Span> spans;
    for (const auto* seen : events) {
        auto opinion = seen->data.get<std::string>("opinion", "unknown");
        auto detail = seen->data.get<std::string>("detail");
        if (!spans.empty()) {
            spans.back().to = seen->at;
            if (spans.back().state == opinion && spans.back().words == detail) {
                continue;
            }
        }
        spans.push_back({seen->at, end, std::move(opinion), std::move(detail)});
    }
    if (!spans.empty()) {
        spans.back().to = end;
    }
    return spans;
}

std::optional<Span> common(const Span& a, const Span& b) {
    Span both{std::max(a.from, b.from), std::min(a.to, b.to), a.state, b.state};
    return both.from < both.to ? std::optional(std::move(both)) : std::nullopt;
}

/// Where the observer claimed `opinion` in one of `times`, neighbours joined.
std::vector<Span> claimed(const std::vector<Span>& said,
                          std::string_view opinion,
                          const std::vector<Span>& times) {
    std::vector<Span> found;
    for (const auto& claim : said) {
        for (const auto& time : times) {
            const auto both = claim.state == opinion ? common(claim, time) : std::nullopt;
            if (!both) {
                continue;
            }
            if (!found.empty() && found.back().to == both->from) {
                found.back().to = both->to;
            } else {
                found.push_back(*both);
            }
        }
    }
    return found;
}

/// For each of `times`, how long it took until the first "dead".
std::vector<std::optional<Duration>> noticed(const std::vector<Span>& said,
                                             const std::vector<Span>& times) {
    std::vector<std::optional<Duration>> latencies;
    for (const auto& time : times) {
        const auto dead = claimed(said, "dead", {time});
        latencies.push_back(dead.empty() ? std::nullopt
                                         : std::optional(dead.front().from - time.from));
    }
    return latencies;
}

std::size_t count_alarms(const std::vector<Span>& said, const std::vector<Span>& serving) {
    std::size_t count = 0;
    std::string_view before;
    for (const auto& claim : said) {
        const bool raised = claim.state == "dead" && before != "dead";
        const bool wrong = std::ranges::any_of(serving, [&](const Span& time) {
            return claim.from > time.from && claim.from < time.to;
        });
        count += raised && wrong ? 1 : 0;
        before = claim.state;
    }
    return count;
}

void compare(Lane& lane, const Health& health) {
    lane.false_alive = claimed(lane.spans, "alive", health.outages);
    lane.false_dead = claimed(lane.spans, "dead", health.known_serving);
    lane.false_alarms = count_alarms(lane.spans, health.known_serving);
    lane.noticed = noticed(lane.spans, health.outages);
    lane.alive_impaired = claimed(lane.spans, "alive", health.impairments);
    lane.noticed_impaired = noticed(lane.spans, health.impairments);
}

std::vector<PhaseMark> phases_of(const History& history) {
    std::vector<PhaseMark> phases;
    for (const auto& each : history.all()) {
        if (each.kind == event::phase_begin) {
            phases.push_back({each.subject, each.at, history.end()});
        } else if (each.kind == event::phase_end) {
            const auto open = std::ranges::find(phases, each.subject, &PhaseMark::name);
            if (open != phases.end()) {
                open->to = each.at;
                open->ok = each.data.get<bool>("ok", true);
                open->error = each.data.get<std::string>("error");
            }
        }
    }
    return phases;
}

/// A sign of life that was under way when a fault struck arrives at most this much later.
constexpr Duration in_flight = std::chrono::milliseconds(250);

/// The last injection that explains the health that `said` states; nullptr: none. A fault of a host
/// explains it for all of the host's domains, and it is not told here which those are.
const Event* cause_of(const History& history, const Event& said) {
    const auto proven = said.data.get<Duration>("proven", said.at);
    const Event* cause = nullptr;
    for (const auto* fault : history.of(event::fault_injecting)) {
        const auto target = fault->data.get<std::string>("target", said.subject);
        const bool concerned =
            target == said.subject || history.first(event::health, {}, target) == nullptr;
        if (concerned && fault->at >= said.at - in_flight && fault->at <= proven) {
            cause = fault;
        }
    }
    return cause;
}

/// 0: nothing is known to be wrong.
int severity(std::string_view grade) {
    return grade == "dead" ? 3 : grade == "hung" ? 2 : grade == "degraded" ? 1 : 0;
}

/// Joins what adjoins; the worse state is that of both.
void append_joined(std::vector<Span>& spans, const Span& found) {
    if (spans.empty() || spans.back().to != found.from) {
        spans.push_back(found);
        return;
    }
    spans.back().to = found.to;
    if (severity(found.state) > severity(spans.back().state)) {
        spans.back().state = found.state;
    }
}

void append_harm(Health& health, Span found, const Event& said, const Event* cause) {
    if (is_outage(found.state)) {
        append_joined(health.outages, found);
    }
    const bool goes_on = !health.impairments.empty() && health.impairments.back().to == found.from;
    if (cause != nullptr || goes_on || found.length() >= shortest_unexplained) {
        found.words = said.data.get<std::string>("part");
        append_joined(health.impairments, found);
    }
}

void append_known_serving(Health& health, Span known, const Event& said, const Span& judged) {
    known.from = std::max(known.from, said.data.get<Duration>("proven", known.from));
    if (const auto both = common(known, judged)) {
        health.known_serving.push_back(*both);
    }
}

void append_health(Health& health, const History& history, const Event& said, const Span& judged) {
    std::string words;
    for (const auto& word : said.data.get<std::vector<std::string>>("evidence")) {
        words += (words.empty() ? "" : "; ") + word;
    }
    Span span{said.at,
              said.data.get<Duration>("until", history.end()),
              said.data.get<std::string>("grade", "unknown"),
              words};
    const std::string before = health.spans.empty() ? "unknown" : health.spans.back().state;
    const auto* cause = cause_of(history, said);
    const bool got_worse =
        is_outage(span.state) ? !is_outage(before) : severity(span.state) > severity(before);
    if (got_worse && cause != nullptr && cause->at > span.from) {
        span.from = cause->at;
        if (!health.spans.empty()) {
            health.spans.back().to = span.from;
        }
    }
    const bool known_in_time =
        cause != nullptr || said.data.get<Duration>("proven", said.at) <= judged.to;
    if (const auto both = common(span, judged); both && known_in_time && severity(span.state) > 0) {
        append_harm(health, *both, said, cause);
    }
    if (const auto both = common(span, judged); both && span.state == "unknown") {
        health.unclear += both->length();
    }
    if (span.state == "serving") {
        append_known_serving(health, span, said, judged);
    }
    health.spans.push_back(std::move(span));
}

std::vector<Health> health_of(const History& history, const Span& judged) {
    std::map<std::string, Health> domains;
    for (const auto* said : history.of(event::health)) {
        auto& health = domains[said->subject];
        health.domain = said->subject;
        append_health(health, history, *said, judged);
    }
    std::vector<Health> all;
    for (auto& [domain, health] : domains) {
        all.push_back(std::move(health));
    }
    return all;
}

std::vector<Lane> lanes_of(const History& history) {
    std::map<std::pair<std::string, std::string>, std::vector<const Event*>> seen;
    for (const auto* observation : history.of(event::observation)) {
        seen[{observation->source, observation->subject}].push_back(observation);
    }
    std::vector<Lane> lanes;
    for (const auto& [who, events] : seen) {
        Lane lane{.observer = who.first, .domain = who.second};
        lane.spans = opinions(events, history.end());
        lanes.push_back(std::move(lane));
    }
    return lanes;
}

std::vector<FaultMark> faults_of(const History& history) {
    std::vector<FaultMark> faults;
    const auto mark = [&](const Event& step) -> FaultMark& {
        const auto known = std::ranges::find(faults, step.subject, &FaultMark::id);
        if (known != faults.end()) {
            return *known;
        }
        faults.push_back({.id = step.subject,
                          .kind = step.source,
                          .target = step.data.get<std::string>("target")});
        return faults.back();
    };
    for (const auto& step : history.all()) {
        if (step.kind == event::fault_injecting) {
            mark(step).injecting = step.at;
        } else if (step.kind == event::fault_injected) {
            mark(step).injected = step.at;
        } else if (step.kind == event::fault_observed) {
            auto& fault = mark(step);
            fault.activation = step.data.get<std::string>("activation", "unknown");
            if (fault.activation == "active") {
                fault.active = step.at;
            }
        } else if (step.kind == event::fault_healing) {
            mark(step).healing = step.at;
        } else if (step.kind == event::fault_healed) {
            mark(step).healed = step.at;
        } else if (step.kind == event::fault_residue) {
            mark(step).residue = step.data.get<std::string>("residue", "unknown");
        } else if (step.kind == event::fault_error) {
            mark(step).error = step.data.get<std::string>("error");
        }
    }
    return faults;
}

std::vector<AcknowledgedPoint> progress_of(const History& history) {
    std::vector<AcknowledgedPoint> points;
    std::int64_t total = 0;
    for (const auto* batch : history.of(event::ledger_acknowledged)) {
        const auto first = batch->data.get<std::int64_t>("first");
        const auto last = batch->data.get<std::int64_t>("last", -1);
        total += std::max<std::int64_t>(0, last - first + 1);
        points.push_back({batch->at, total});
    }
    return points;
}

}  // namespace

Duration Lane::longest_false_alive() const {
    return longest(false_alive);
}

Duration Lane::longest_false_dead() const {
    return longest(false_dead);
}

Story tell(const History& history) {
    constexpr std::array remarkable{event::console,
                                    event::note,
                                    event::probe_error,
                                    event::fault_error,
                                    event::agent_protocol_error,
                                    event::agent_hello,
                                    event::recovered};
    Story story;
    story.end = history.end();
    story.phases = phases_of(history);
    story.judged = {Instant{}, story.end, {}, {}};
    const auto load = std::ranges::find(story.phases, phase::load, &PhaseMark::name);
    if (load != story.phases.end()) {
        const auto* started = history.first(event::load_started);
        story.judged = {started == nullptr ? load->from : started->at, load->to, {}, {}};
    }
    story.health = health_of(history, story.judged);
    story.lanes = lanes_of(history);
    story.deciders = lanes_of_deciders(history);
    for (auto* lanes : {&story.lanes, &story.deciders}) {
        for (auto& lane : *lanes) {
            const auto health = std::ranges::find(story.health, lane.domain, &Health::domain);
            if (health != story.health.end()) {
                compare(lane, *health);
            }
        }
    }
    story.service = service_lanes(history, story.judged);
    story.faults = faults_of(history);
    story.acknowledged = progress_of(history);
    for (const auto& each : history.all()) {
        if (std::ranges::find(remarkable, each.kind) != remarkable.end()) {
            story.remarks.push_back(&each);
        }
    }
    return story;
}

}  // namespace ordeal::reports
