#include "core/history.hpp"

#include <algorithm>

namespace ordeal {
namespace {

bool matches(const Event& event,
             std::string_view kind,
             std::string_view source,
             std::string_view subject) {
    return event.kind == kind && (source.empty() || event.source == source) &&
           (subject.empty() || event.subject == subject);
}

}  // namespace

History::History(std::vector<Event> events) : events_(std::move(events)) {
    std::stable_sort(
        events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
}

std::vector<const Event*> History::of(std::string_view kind,
                                      std::string_view source,
                                      std::string_view subject) const {
    std::vector<const Event*> found;
    for (const auto& event : events_) {
        if (matches(event, kind, source, subject)) {
            found.push_back(&event);
        }
    }
    return found;
}

const Event* History::first(std::string_view kind,
                            std::string_view source,
                            std::string_view subject) const {
    for (const auto& event : events_) {
        if (matches(event, kind, source, subject)) {
            return &event;
        }
    }
    return nullptr;
}

const Event* History::last(std::string_view kind,
                           std::string_view source,
                           std::string_view subject) const {
    for (auto it = events_.rbegin(); it != events_.rend(); ++it) {
        if (matches(*it, kind, source, subject)) {
            return &*it;
        }
    }
    return nullptr;
}

}  // namespace ordeal
