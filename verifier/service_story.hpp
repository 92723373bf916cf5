#pragma once

#include "core/history.hpp"
#include "core/service.hpp"

#include <optional>
#include <string>
#include <vector>

/// What the checks of a service read out of a history, besides core/service.hpp.
namespace ordeal::verifier {

/// Requests that were sent since the load phase began, in the order of their sending.
[[nodiscard]] std::vector<Request> judged_requests(const History& history);

/// The service came from one server to another.
struct Takeover {
    Instant at{};  ///< when the taker announced itself, or was first known to have answered
    std::string from;
    std::string to;
};

/// By the answers of the servers, dated by the announcement when there is one.
[[nodiscard]] std::vector<Takeover> takeovers_of(const History& history);

/// "2.000 s to 5.004 s: 3 s (± 44 ms), 150 requests unanswered, ha-a before and ha-b after".
[[nodiscard]] std::string text_of(const Outage& outage, Instant end);

}  // namespace ordeal::verifier
