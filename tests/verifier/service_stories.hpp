#pragma once

#include "core/experiment.hpp"
#include "core/service.hpp"
#include "tests/verifier/story.hpp"

#include <algorithm>

namespace ordeal::testing {

/// Tells a trial of a service of "a" and "b" as the probes of the service record it. The load
/// phase begins at once; clients ask each 20 ms with a deadline of a second.
class ServiceStory {
  public:
    ServiceStory() { event(milliseconds(0), event::phase_begin, "runner", phase::load); }

    ServiceStory& event(milliseconds at,
                        std::string_view kind,
                        std::string_view source,
                        std::string_view subject,
                        Fields data = {}) {
        events_.push_back(
            {at, std::string(kind), std::string(source), std::string(subject), std::move(data)});
        return *this;
    }

    /// `server` answers what is sent from `from` to `to`; nobody does when it is empty.
    ServiceStory& served(milliseconds from, milliseconds to, const std::string& server) {
        std::vector<Request> requests;
        for (auto sent = from; sent < to; sent += milliseconds(20)) {
            const auto took = server.empty() ? milliseconds(1000) : milliseconds(4);
            requests.push_back({.sent = sent,
                                .ended = sent + took,
                                .server = server,
                                .failure = server.empty() ? "timeout" : ""});
        }
        return event(from,
                     event::service_requests,
                     "service.requests",
                     "service",
                     {{"rows", encode_requests(requests, from)}});
    }

    /// `owners` answer each question (of 200 ms) from `from` on until the next that differs.
    ServiceStory& owned(milliseconds from, std::vector<std::string> owners) {
        return event(from,
                     event::service_owners,
                     "service.owner",
                     "service",
                     {{"owners", std::move(owners)}, {"interval", Duration(milliseconds(200))}});
    }

    /// The agent of `member` beats from `from` to `to`.
    ServiceStory& beats(milliseconds from, milliseconds to, const std::string& member) {
        for (auto at = from; at <= to; at += milliseconds(500)) {
            event(at,
                  event::observation,
                  "agent.heartbeat",
                  member,
                  {{"opinion", std::string("alive")},
                   {"detail", std::string("beats")},
                   {"last_seen", Duration(at)}});
        }
        return *this;
    }

    ServiceStory& hello(milliseconds at, const std::string& member, const std::string& boot) {
        return event(at, event::agent_hello, "runner", member, {{"boot_id", boot}});
    }

    ServiceStory& healed(milliseconds at) {
        return event(at, event::fault_healed, "qemu.stop", "qemu.stop");
    }

    [[nodiscard]] History history() const { return History(events_); }

  private:
    std::vector<Event> events_;
};

inline Experiment service_experiment() {
    Experiment experiment;
    experiment.service = ServiceSpec{.address = "10.77.9.1", .members = {"a", "b"}};
    return experiment;
}

/// "a" serves for 2 s, nobody until `back`, then "b" until 8 s. Healed at 5 s.
inline ServiceStory lost_until(milliseconds back) {
    ServiceStory story;
    story.served(milliseconds(0), milliseconds(2000), "a")
        .served(milliseconds(2000), back, "")
        .served(back, milliseconds(8000), "b")
        .healed(milliseconds(5000));
    return story;
}

/// The same, and from 8 s on "a" serves again.
inline ServiceStory lost_and_back() {
    auto story = lost_until(milliseconds(4000));
    story.served(milliseconds(8000), milliseconds(12000), "a");
    return story;
}

/// "a" is fenced and boots anew at 7 s; when the fence lies it beats on meanwhile.
inline ServiceStory fenced(bool truly) {
    auto story = lost_until(milliseconds(4000));
    story.hello(milliseconds(0), "a", "one")
        .beats(milliseconds(0), milliseconds(truly ? 2000 : 6000), "a")
        .hello(milliseconds(7000), "a", "two")
        .beats(milliseconds(7000), milliseconds(8000), "a");
    return story;
}

/// Both have the address for `together`, from 3 s on.
inline ServiceStory owned_twice(milliseconds together) {
    ServiceStory story;
    story.owned(milliseconds(0), {"a"})
        .owned(milliseconds(3000), {"a", "b"})
        .owned(milliseconds(3000) + together, {"b"});
    return story;
}

}  // namespace ordeal::testing
