#include "campaign/schedule.hpp"

#include "core/random.hpp"

#include <fmt/format.h>
#include <utility>

namespace ordeal {
namespace {

Duration draw(Random& random, const Window& window) {
    return window.spread == Spread::log_uniform ? random.log_between(window.from, window.to)
                                                : random.between(window.from, window.to);
}

/// Puts `count` of the members in front, drawn without preference. One member takes no draw.
void pick(Random& random, std::vector<std::string>& members, std::size_t count) {
    for (std::size_t i = 0; i < count && i + 1 < members.size(); ++i) {
        std::swap(members[i], members[i + random.below(members.size() - i)]);
    }
}

}  // namespace

std::vector<PlannedFault> draw_strikes(const Experiment& experiment, std::uint64_t seed) {
    std::vector<PlannedFault> strikes;
    for (std::size_t index = 0; index < experiment.faults.size(); ++index) {
        const auto& fault = experiment.faults[index];
        auto random = Random(seed).derive("fault").derive(fault.id);
        const auto first = draw(random, fault.at);
        int number = 0;
        for (int round = 0; round < fault.times; ++round) {
            auto members = experiment.targets(fault.target);
            pick(random, members, fault.pick);
            auto at = first + fault.every * round;
            for (std::size_t i = 0; i < fault.pick && i < members.size(); ++i) {
                if (i > 0) {
                    at += draw(random, fault.stagger);
                }
                ++number;
                strikes.push_back({number == 1 ? fault.id : fmt::format("{}#{}", fault.id, number),
                                   index,
                                   round,
                                   members[i],
                                   at,
                                   draw(random, fault.hold)});
            }
        }
    }
    return strikes;
}

}  // namespace ordeal
