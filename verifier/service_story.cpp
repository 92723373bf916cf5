#include "verifier/service_story.hpp"

#include "verifier/evidence.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ordeal::verifier {
namespace {

/// When the taker first announced itself since the service was lost; else its answer.
Instant dated(const History& history, const std::string& taker, Instant lost, Instant answer) {
    for (const auto* claim : history.of(event::service_claim)) {
        if (claim->at > lost && claim->at <= answer &&
            claim->data.get<std::string>("owner") == taker) {
            return claim->at;
        }
    }
    return answer;
}

}  // namespace

std::vector<Request> judged_requests(const History& history) {
    auto requests = requests_of(history);
    if (const auto* load = history.first(event::phase_begin, {}, phase::load)) {
        std::erase_if(requests, [&](const Request& request) { return request.sent < load->at; });
    }
    return requests;
}

std::vector<Takeover> takeovers_of(const History& history) {
    std::vector<Takeover> found;
    const Request* last = nullptr;
    const auto requests = judged_requests(history);
    for (const auto& request : requests) {
        if (!request.answered()) {
            continue;
        }
        if (last != nullptr && last->server != request.server) {
            found.push_back({dated(history, request.server, last->ended, request.ended),
                             last->server,
                             request.server});
        }
        last = &request;
    }
    return found;
}

std::string text_of(const Outage& outage, Instant end) {
    const auto name = [](const std::string& server) { return server.empty() ? "nobody" : server; };
    return fmt::format("{} to {}: {} (± {}), {} requests unanswered, {} before and {} after",
                       stamp(outage.from),
                       outage.until ? stamp(*outage.until) : "the end",
                       to_text(outage.length(end)),
                       to_text(outage.uncertainty),
                       outage.failed,
                       name(outage.before),
                       name(outage.until ? outage.after : std::string()));
}

}  // namespace ordeal::verifier
