#include "campaign/trigger.hpp"

#include <fmt/format.h>

namespace ordeal {
namespace {

std::optional<double> number_of(const Fields& facts, const std::string& name) {
    if (const auto* integer = facts.find<std::int64_t>(name)) {
        return static_cast<double>(*integer);
    }
    const auto* number = facts.find<double>(name);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

bool said(const TriggerSpec& spec, const Event& event) {
    const auto fact = spec.fact.empty() ? spec.at_least : number_of(event.data, spec.fact);
    return event.source == spec.probe &&
           (spec.opinion.empty() || event.data.get<std::string>("opinion") == spec.opinion) &&
           event.data.get<std::string>("detail").find(spec.detail) != std::string::npos && fact &&
           *fact >= spec.at_least;
}

bool came_to(const TriggerSpec& spec, const Event& event) {
    return event.subject == spec.fault &&
           (spec.step == "healed" ? event.kind == event::fault_healed
                                  : event.kind == event::fault_observed &&
                                        event.data.get<std::string>("activation") == "active");
}

}  // namespace

bool Trigger::matches(const Event& event) {
    if (!spec_.fault.empty()) {
        return came_to(spec_, event);
    }
    if (!spec_.domain.empty() && event.subject != spec_.domain) {
        return false;
    }
    if (!spec_.probe.empty()) {
        return said(spec_, event);
    }
    if (event.kind == event::ledger_acknowledged) {
        acknowledged_ +=
            event.data.get<std::int64_t>("last") - event.data.get<std::int64_t>("first") + 1;
    }
    return acknowledged_ >= spec_.acknowledged;
}

bool Trigger::see(const Event& event) {
    const std::lock_guard lock(mutex_);
    if (met_ || !matches(event)) {
        return false;
    }
    met_ = event.at;
    return true;
}

std::optional<Instant> Trigger::met() const {
    const std::lock_guard lock(mutex_);
    return met_;
}

std::string Trigger::text() const {
    const auto of = spec_.domain.empty() ? "" : " of " + spec_.domain;
    if (!spec_.fault.empty()) {
        return fmt::format("fault {} {}", spec_.fault, spec_.step);
    }
    if (spec_.probe.empty()) {
        return fmt::format("{} acknowledged records{}", spec_.acknowledged, of);
    }
    std::string text = spec_.probe + of;
    const auto add = [&](const std::string& word, const std::string& value) {
        text += value.empty() ? "" : fmt::format(" {} \"{}\"", word, value);
    };
    add("says", spec_.opinion);
    add("with", spec_.detail);
    add("tells", spec_.fact.empty() ? "" : fmt::format("{} >= {}", spec_.fact, spec_.at_least));
    return text;
}

}  // namespace ordeal
