#include "reports/matrix.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <tuple>

namespace ordeal::reports {
namespace {

using Mask = std::uint32_t;

/// A row as a problem of covering: of each outage, who noticed it in time.
struct Problem {
    std::string label;
    std::vector<Mask> outages;

    [[nodiscard]] bool caught_by(Mask chosen) const {
        return std::ranges::all_of(outages, [&](Mask noticed) { return (noticed & chosen) != 0; });
    }
};

Problem problem_of(const MatrixRow& row, const std::vector<std::string>& observers, double within) {
    std::map<OutageKey, Mask> outages;
    for (const auto& [observer, entry] : row.entries) {
        const auto at = std::ranges::find(observers, observer) - observers.begin();
        const bool weighed = at < std::ssize(observers);
        for (const auto& [key, latency] : entry.noticed) {
            const bool in_time = weighed && latency && *latency <= within;
            outages[key] |= in_time ? Mask{1} << at : Mask{0};
        }
    }
    Problem problem{.label = row.label};
    for (const auto& [key, noticed] : outages) {
        problem.outages.push_back(noticed);
    }
    return problem;
}

/// What makes one of two choices of as many observers the better one: less is better.
struct Cost {
    std::vector<std::size_t> false_alarms;
    std::vector<double> latency;  ///< seconds, over all that it noticed in time
};

/// Over the rows of these labels, and false alarms over all: a control has no outage.
Cost cost_of(const Matrix& matrix,
             const std::vector<std::string>& observers,
             const std::vector<Problem>& problems) {
    Cost cost{.false_alarms = std::vector<std::size_t>(observers.size()),
              .latency = std::vector<double>(observers.size())};
    for (const auto& row : matrix.rows) {
        for (std::size_t i = 0; i < observers.size(); ++i) {
            const auto entry = row.entries.find(observers[i]);
            if (entry == row.entries.end()) {
                continue;
            }
            cost.false_alarms[i] += entry->second.false_alarms;
            if (std::ranges::find(problems, row.label, &Problem::label) == problems.end()) {
                continue;
            }
            for (const auto& [key, latency] : entry->second.noticed) {
                cost.latency[i] += std::min(latency.value_or(matrix.within), matrix.within);
            }
        }
    }
    return cost;
}

Choice choice_of(Mask chosen,
                 const std::vector<std::string>& observers,
                 const std::vector<Problem>& problems) {
    Choice choice;
    for (std::size_t i = 0; i < observers.size(); ++i) {
        if ((chosen >> i & 1U) != 0) {
            choice.observers.push_back(observers[i]);
        }
    }
    for (const auto& problem : problems) {
        if (problem.caught_by(chosen)) {
            choice.catches.push_back(problem.label);
        }
    }
    return choice;
}

/// All sets of observers are tried: there are few observers, and a greedy choice need not be the
/// smallest.
Choice best_of(const Matrix& matrix,
               const std::vector<std::string>& observers,
               const std::vector<Problem>& problems) {
    const auto cost = cost_of(matrix, observers, problems);
    const auto rank = [&](Mask chosen) {
        const auto caught = std::ranges::count_if(
            problems, [&](const Problem& problem) { return problem.caught_by(chosen); });
        std::size_t alarms = 0;
        double latency = 0;
        for (std::size_t i = 0; i < cost.latency.size(); ++i) {
            if ((chosen >> i & 1U) != 0) {
                alarms += cost.false_alarms[i];
                latency += cost.latency[i];
            }
        }
        return std::tuple(-caught, std::popcount(chosen), alarms, latency);
    };
    Mask best = 0;
    auto least = rank(best);
    for (Mask chosen = 1; chosen < Mask{1} << cost.latency.size(); ++chosen) {
        if (const auto mine = rank(chosen); mine < least) {
            best = chosen;
            least = mine;
        }
    }
    return choice_of(best, observers, problems);
}

}  // namespace

void choose_observers(Matrix& matrix) {
    std::vector<std::string> observers;
    for (const auto& total : matrix.observers) {
        if (observers.size() < most_weighed) {
            observers.push_back(total.observer);
        }
    }
    std::vector<Problem> problems;
    for (const auto& row : matrix.rows) {
        if (row.outages == 0) {
            if (!row.control && row.proved != 0 && row.unclear == 0) {
                matrix.unharmed.push_back(row.label);
            }
            continue;
        }
        problems.push_back(problem_of(row, observers, matrix.within));
    }
    matrix.best = best_of(matrix, observers, problems);
    for (const auto& problem : problems) {
        auto choice = best_of(matrix, observers, {problem});
        if (choice.catches.empty()) {
            matrix.uncaught.push_back(problem.label);
        } else {
            matrix.each[problem.label] = std::move(choice);
        }
    }
}

std::string advice(const Matrix& matrix) {
    const auto harmful = matrix.each.size() + matrix.uncaught.size();
    if (harmful == 0) {
        return "No fault harmed the service: there was nothing to notice.";
    }
    const auto within = duration_text(matrix.within);
    if (matrix.best.observers.empty()) {
        return fmt::format("No observer here notices any of the {} within {} every time.",
                           plural(harmful, "fault"),
                           within);
    }
    auto text = fmt::format("{} {} {} of {} within {}, every time",
                            fmt::join(matrix.best.observers, " + "),
                            matrix.best.observers.size() == 1 ? "catches" : "catch",
                            matrix.best.catches.size(),
                            plural(harmful, "fault"),
                            within);
    if (!matrix.uncaught.empty()) {
        text += fmt::format("; nothing here always catches {}", fmt::join(matrix.uncaught, ", "));
    }
    return text + ".";
}

}  // namespace ordeal::reports
