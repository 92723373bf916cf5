#include "reports/deciders.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace ordeal::reports {
namespace {

constexpr std::string_view says_alive = "alive";
constexpr std::string_view says_dead = "dead";
constexpr std::string_view says_nothing = "unknown";

template <std::size_t Count>
bool one_of(std::string_view state, const std::array<std::string_view, Count>& states) {
    return std::ranges::find(states, state) != states.end();
}

std::string_view domstate_script(const Evidence& evidence) {
    return evidence.state == "running" ? says_alive : says_dead;
}

std::string_view virtual_domain(const Evidence& evidence) {
    constexpr std::array<std::string_view, 4> success{
        "running", "paused", "blocked", "shutting down"};
    if (!evidence.state.empty() && evidence.state != "no state") {
        return one_of(evidence.state, success) ? says_alive : says_dead;
    }
    return !evidence.process ? says_nothing : *evidence.process ? says_alive : says_dead;
}

std::string_view fence_virsh(const Evidence& evidence) {
    constexpr std::array<std::string_view, 4> on{"running", "blocked", "no state", "paused"};
    if (evidence.state.empty() || evidence.state == "not defined") {
        return says_nothing;
    }
    return one_of(evidence.state, on) ? says_alive : says_dead;
}

constexpr std::array all_deciders{
    Decider{"script.domstate", "calls it healthy", "would start it", domstate_script},
    Decider{"pacemaker.virtualdomain", "calls it healthy", "would restart it", virtual_domain},
    Decider{"fence_virsh.status",
            "says on, would destroy it",
            "says off, would send nothing",
            fence_virsh}};

/// What is known of one domain.
struct Known {
    std::string state;
    std::string words;
    std::optional<bool> process;
};

void learn(Known& known, const Event& seen) {
    const auto state = seen.data.get<std::string>("state");
    if (seen.source == "libvirt.state") {
        known.state = state;
        known.words = seen.data.get<std::string>("detail");
    } else {
        known.process = state.empty() ? std::nullopt : std::optional(state != "gone");
    }
}

void append_said(Lane& lane, const Event& seen, std::string_view opinion, const Known& known) {
    auto& spans = lane.spans;
    if (!spans.empty()) {
        spans.back().to = seen.at;
        if (spans.back().state == opinion && spans.back().words == known.words) {
            return;
        }
    }
    spans.push_back({seen.at, seen.at, std::string(opinion), known.words});
}

}  // namespace

std::span<const Decider> deciders() {
    return all_deciders;
}

const Decider* decider_named(std::string_view name) {
    const auto* const found = std::ranges::find(all_deciders, name, &Decider::name);
    return found == all_deciders.end() ? nullptr : found;
}

std::vector<Lane> lanes_of_deciders(const History& history) {
    std::map<std::string, Known> known;
    std::map<std::string, std::vector<Lane>> lanes;
    for (const auto* seen : history.of(event::observation)) {
        if (seen->source != "libvirt.state" && seen->source != "qemu.process") {
            continue;
        }
        auto& about = known[seen->subject];
        learn(about, *seen);
        auto& told = lanes[seen->subject];
        if (told.empty() && seen->source != "libvirt.state") {
            continue;  // nobody has asked libvirt yet
        }
        told.resize(all_deciders.size());
        for (std::size_t i = 0; i < all_deciders.size(); ++i) {
            told[i].observer = all_deciders[i].name;
            told[i].domain = seen->subject;
            append_said(
                told[i], *seen, all_deciders[i].conclude({about.state, about.process}), about);
        }
    }
    std::vector<Lane> sorted;
    for (auto& [domain, told] : lanes) {
        for (auto& lane : told) {
            lane.spans.back().to = history.end();
            sorted.push_back(std::move(lane));
        }
    }
    return sorted;
}

}  // namespace ordeal::reports
