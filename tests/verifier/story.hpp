#pragma once

#include "core/history.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ordeal::testing {

using std::chrono::milliseconds;

inline constexpr std::string_view vm = "vm";

/// Tells a trial's history of the domain "vm" in milliseconds, the way the probes record it: on
/// change and once a second.
class Story {
  public:
    Story& event(milliseconds at,
                 std::string_view kind,
                 std::string_view source,
                 Fields data = {}) {
        events_.push_back(
            {at, std::string(kind), std::string(source), std::string(vm), std::move(data)});
        return *this;
    }

    Story& phase(milliseconds at, std::string_view name) {
        events_.push_back({at, std::string(event::phase_begin), "runner", std::string(name), {}});
        return *this;
    }

    Story& saw(milliseconds at,
               std::string_view probe,
               Opinion opinion,
               std::optional<milliseconds> last_seen = {},
               Fields facts = {}) {
        facts.set("opinion", std::string(name_of(opinion)));
        facts.set("detail", std::string(name_of(opinion)) + " says the test");
        if (last_seen) {
            facts.set("last_seen", Duration(*last_seen));
        }
        return event(at, event::observation, probe, std::move(facts));
    }

    /// The same opinion from `from` to `to`, as a watching probe repeats it.
    Story& watched(milliseconds from,
                   milliseconds to,
                   std::string_view probe,
                   Opinion opinion,
                   Fields facts = {}) {
        const bool alive = opinion == Opinion::alive;
        for (auto at = from; at <= to; at += std::chrono::seconds(1)) {
            saw(at, probe, opinion, alive ? std::optional(at) : std::nullopt, facts);
        }
        return *this;
    }

    Story& fault(milliseconds at, std::string_view kind) {
        events_.push_back({at,
                           std::string(event::fault_injected),
                           std::string(kind),
                           std::string(kind),
                           {{"target", std::string(vm)}}});
        return *this;
    }

    [[nodiscard]] History history() const { return History(events_); }

  private:
    std::vector<Event> events_;
};

/// Every independent witness calls the domain well from 0 to `until`, the load runs from 500 ms.
inline Story healthy(milliseconds until) {
    Story story;
    for (const auto* probe :
         {"agent.heartbeat", "network.heartbeat", "network.ping", "load.progress"}) {
        story.watched(milliseconds(0), until, probe, Opinion::alive);
    }
    story.watched(
        milliseconds(0), until, "qemu.process", Opinion::alive, {{"state", std::string("S")}});
    story.phase(milliseconds(500), phase::load);
    story.event(milliseconds(500), event::load_started, "runner");
    return story;
}

/// All doors into the guest fall silent at `last`; the beats are missed at last + 300 ms, the echo
/// at last + 400 ms, the load at last + 1 s; said again once a second until `until`.
inline Story& silent(Story& story, milliseconds last, milliseconds until) {
    const std::vector<std::pair<std::string_view, milliseconds>> doors{
        {"agent.heartbeat", milliseconds(300)},
        {"network.heartbeat", milliseconds(310)},
        {"network.ping", milliseconds(400)},
        {"load.progress", milliseconds(1000)}};
    for (const auto& [probe, patience] : doors) {
        for (auto at = last + patience; at <= until; at += std::chrono::seconds(1)) {
            story.saw(at, probe, Opinion::dead, last);
        }
    }
    return story;
}

/// qemu.process says `state` ("T", "gone") from `at`, last seen well at `last`.
inline Story& process(
    Story& story, milliseconds at, milliseconds last, milliseconds until, std::string state) {
    for (; at <= until; at += std::chrono::seconds(1)) {
        story.saw(at, "qemu.process", Opinion::dead, last, {{"state", state}});
    }
    return story;
}

}  // namespace ordeal::testing
