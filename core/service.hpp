#pragma once

#include "core/history.hpp"
#include "core/result.hpp"
#include "core/units.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A service of several domains at one address, as its clients see it.
namespace ordeal {

/// One request as its client saw it, in a connection of its own.
struct Request {
    Instant sent{};            ///< when connecting began
    Instant ended{};           ///< when the answer's first line was there, or it was given up
    std::string server;        ///< who answered, by the answer's first line; empty: nobody
    std::string failure = {};  ///< why nobody did: "timeout", "refused", "broken", "status 503"

    [[nodiscard]] bool answered() const { return failure.empty(); }

    bool operator==(const Request&) const = default;
};

/// Somebody on the wire says that the service's address is his (ARP, RFC 826).
struct Claim {
    Instant at{};
    std::string mac;     ///< "52:54:4d:00:00:01"
    bool asked = false;  ///< the answer to a question, not an announcement
};

/// A client of the service. One thread uses it.
class ServiceClient {
  public:
    virtual ~ServiceClient() = default;
    /// Begins a request that ends by itself within `deadline`.
    virtual void send(Duration deadline) = 0;
    /// Those that have ended since the last call, in any order.
    virtual std::vector<Request> ended() = 0;
};

/// Hears on the guests' plane who says that he has the address. One thread uses it.
class ClaimEar {
  public:
    virtual ~ClaimEar() = default;
    /// Asks everybody whose the address is.
    virtual Status ask() = 0;
    /// What was heard since the last call, in its order.
    virtual std::vector<Claim> heard() = 0;
};

/// The clients' place on the guests' plane, which no fault of a host takes away.
class ClientSide {
  public:
    virtual ~ClientSide() = default;
    /// Errors: unavailable, usage (not an address).
    virtual Result<std::unique_ptr<ServiceClient>> client(const std::string& address,
                                                          std::int64_t port,
                                                          const std::string& request) = 0;
    /// Errors: as of client().
    virtual Result<std::unique_ptr<ClaimEar>> ear(const std::string& address) = 0;
};

/// Requests in the order of their sending, as text for event::service_requests: one line each,
/// "<microseconds since `from`> <microseconds until it ended> <server>", or "!<failure>" instead
/// of the server.
[[nodiscard]] std::string encode_requests(const std::vector<Request>& requests, Instant from);
/// The same back again; lines that are none are left out.
[[nodiscard]] std::vector<Request> decode_requests(std::string_view text, Instant from);

/// All requests of a trial in the order of their sending. Empty when nobody sent any.
[[nodiscard]] std::vector<Request> requests_of(const History& history);

/// A time without the service, as its clients saw it.
struct Outage {
    Instant from{};  ///< when the first request was sent that nobody answered
    /// When the first answer came to a request sent after that; none: not any more.
    std::optional<Instant> until;
    /// Of `until - from`, both ways: by how much clients look more seldom than always.
    Duration uncertainty{};
    std::int64_t failed = 0;  ///< requests that nobody answered
    std::string before;       ///< who answered last before it; empty: nobody
    std::string after;        ///< who answered first after it; empty: nobody

    /// How long, until the last request's end if it did not end.
    [[nodiscard]] Duration length(Instant end) const { return until.value_or(end) - from; }
};

/// The outages in requests (in the order of their sending). Two with less than `settled` of
/// answers between them are one.
[[nodiscard]] std::vector<Outage> outages_of(const std::vector<Request>& requests,
                                             Duration settled);

/// Who had the address from `from` to `until`, by the answers to one question after the other.
struct Ownership {
    Instant from{};
    Instant until{};
    std::vector<std::string> owners;  ///< members, sorted; none: nobody answered
};

/// In the order of time, without a gap; each as long as nothing changed.
[[nodiscard]] std::vector<Ownership> ownership_of(const History& history);

}  // namespace ordeal
