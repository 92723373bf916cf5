#include "reports/service_lanes.hpp"

#include "core/service.hpp"
#include "reports/summary.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ordeal::reports {
namespace {

/// A server that was silent for longer answered no more.
constexpr Duration longest_pause = std::chrono::milliseconds(500);

bool falls_into(const Span& judged, Instant at) {
    return at >= judged.from && at <= judged.to;
}

/// Joined to the last one when that ended no more than `pause` before it.
void add(std::vector<Span>& spans, Span span, Duration pause) {
    if (!spans.empty() && span.from - spans.back().to <= pause) {
        spans.back().to = std::max(spans.back().to, span.to);
    } else {
        spans.push_back(std::move(span));
    }
}

Duration length_in(const std::vector<Span>& spans, const Span& judged) {
    Duration length{};
    for (const auto& span : spans) {
        length +=
            std::max(Duration{}, std::min(span.to, judged.to) - std::max(span.from, judged.from));
    }
    return length;
}

void append_answers(std::vector<ServiceLane>& lanes,
                    const std::vector<Request>& requests,
                    const Span& judged) {
    std::map<std::string, ServiceLane> servers;
    std::map<std::string, std::size_t> answers;
    for (const auto& request : requests) {
        if (request.answered()) {
            auto& lane = servers[request.server];
            lane.name = "answers of " + request.server;
            add(lane.spans, {request.sent, request.ended, "alive", request.server}, longest_pause);
            answers[request.server] += falls_into(judged, request.sent) ? 1 : 0;
        }
    }
    for (auto& [server, lane] : servers) {
        lane.outcome = plural(answers[server], "answer");
        lanes.push_back(std::move(lane));
    }
}

void append_outages(std::vector<ServiceLane>& lanes,
                    const std::vector<Request>& requests,
                    const Span& judged) {
    ServiceLane lane{.name = "no answer", .spans = {}, .outcome = {}};
    const auto end = requests.back().ended;
    for (const auto& outage : outages_of(requests, Duration{})) {
        lane.spans.push_back({outage.from,
                              outage.until.value_or(end),
                              "dead",
                              duration_text(seconds(outage.length(end)))});
    }
    lane.outcome = duration_text(seconds(length_in(lane.spans, judged)));
    lanes.push_back(std::move(lane));
}

void append_owners(std::vector<ServiceLane>& lanes, const History& history, const Span& judged) {
    std::map<std::string, ServiceLane> owners;
    for (const auto& stretch : ownership_of(history)) {
        for (const auto& owner : stretch.owners) {
            auto& lane = owners[owner];
            lane.name = "address at " + owner;
            add(lane.spans, {stretch.from, stretch.until, "alive", owner}, Duration{});
        }
    }
    for (auto& [owner, lane] : owners) {
        lane.outcome = duration_text(seconds(length_in(lane.spans, judged)));
        lanes.push_back(std::move(lane));
    }
}

}  // namespace

std::vector<ServiceLane> service_lanes(const History& history, const Span& judged) {
    std::vector<ServiceLane> lanes;
    const auto requests = requests_of(history);
    if (!requests.empty()) {
        append_answers(lanes, requests, judged);
        append_outages(lanes, requests, judged);
    }
    append_owners(lanes, history, judged);
    return lanes;
}

}  // namespace ordeal::reports
