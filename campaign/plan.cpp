#include "campaign/plan.hpp"

#include "core/random.hpp"
#include "core/suggest.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <set>

namespace ordeal {
namespace {

constexpr int max_trials = 100'000;

std::uint64_t seed_of(std::uint64_t seed, const Experiment& experiment, int repetition) {
    Random random = Random(seed).derive(experiment.name);
    for (const auto& [name, value] : experiment.cell.all()) {
        random = random.derive(name).derive(to_text(value));
    }
    return random.derive(static_cast<std::uint64_t>(repetition)).seed();
}

/// What --only asks for, by sort.
struct Filter {
    std::set<std::string> names;
    std::map<std::string, std::set<std::string>> values;
    std::set<std::int64_t> numbers;

    [[nodiscard]] bool keeps(const Experiment& experiment) const {
        return (names.empty() || names.contains(experiment.name)) &&
               std::ranges::all_of(values, [&](const auto& each) {
                   const auto it = experiment.cell.all().find(each.first);
                   return it != experiment.cell.all().end() &&
                          each.second.contains(to_text(it->second));
               });
    }

    [[nodiscard]] bool keeps(std::int64_t number) const {
        return numbers.empty() || numbers.contains(number);
    }
};

/// The words that would have matched something.
std::vector<std::string> filter_words(std::span<const Definition> definitions) {
    std::vector<std::string> words;
    for (const auto& definition : definitions) {
        words.push_back(definition.name);
        for (const auto& variable : definition.matrix) {
            for (const auto& value : variable.values) {
                words.push_back(variable.name + "=" + to_text(value));
            }
        }
    }
    return words;
}

Result<Filter> read_filter(std::span<const Definition> definitions, const PlanOptions& options) {
    const auto words = filter_words(definitions);
    Filter filter;
    for (const auto& term : options.only) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(term.data(), term.data() + term.size(), number);
        const auto equals = term.find('=');
        if (std::ranges::find(words, term) != words.end()) {
            if (equals == std::string::npos) {
                filter.names.insert(term);
            } else {
                filter.values[term.substr(0, equals)].insert(term.substr(equals + 1));
            }
        } else if (error == std::errc() && end == term.data() + term.size() && number > 0) {
            filter.numbers.insert(number);
        } else {
            return fail(ErrorKind::usage,
                        fmt::format("keep only \"{}\"", term),
                        "no experiment or matrix value is called so",
                        suggestion_hint(term, words));
        }
    }
    return filter;
}

/// Appends the trials of one definition, whose cells start at plan.experiments[first].
void add_trials(Plan& plan,
                std::size_t first,
                const PlanOptions& options,
                const Filter& filter,
                std::int64_t& number) {
    const std::span<const Experiment> cells(
        plan.experiments.begin() + static_cast<std::ptrdiff_t>(first), plan.experiments.end());
    const auto trials_of = [&](const Experiment& cell) {
        return options.trials.value_or(cell.trials);
    };
    int most = 0;
    for (const auto& cell : cells) {
        most = std::max(most, trials_of(cell));
    }
    for (int repetition = 1; repetition <= most; ++repetition) {
        for (std::size_t index = 0; index < cells.size(); ++index) {
            const auto& cell = cells[index];
            if (repetition > trials_of(cell)) {
                continue;
            }
            ++number;
            if (filter.keeps(cell) && filter.keeps(number)) {
                const auto seed = seed_of(plan.seed, cell, repetition);
                plan.trials.push_back(
                    {number, first + index, repetition, seed, draw_strikes(cell, seed)});
            }
        }
    }
}

/// The number in "n3"; 0 when it is no such name.
int host_number(std::string_view name) {
    int number = 0;
    const auto* end = name.data() + name.size();
    const bool numbered =
        name.starts_with('n') && std::from_chars(name.data() + 1, end, number).ptr == end;
    return numbered ? number : 0;
}

}  // namespace

int hosts_needed(const Plan& plan) {
    int most = 1;
    for (const auto& experiment : plan.experiments) {
        most = std::max(most, experiment.hosts);
        for (const auto& domain : experiment.domains) {
            most = std::max({most, host_number(domain.host), host_number(domain.failover)});
        }
        for (const auto& fault : experiment.faults) {
            most = std::max(most, host_number(fault.params.get<std::string>("to")));
            for (const auto& target : experiment.targets(fault.target)) {
                const bool domain =
                    std::ranges::find(experiment.domains, target, &DomainSpec::name) !=
                    experiment.domains.end();
                most = std::max(most, domain ? 1 : host_number(target));
            }
        }
    }
    return most;
}

Result<Plan> make_plan(std::span<const Definition> definitions, const PlanOptions& options) {
    if (definitions.empty()) {
        return fail(ErrorKind::usage, "plan a run", "there is no experiment", "name a .toml file");
    }
    if (options.trials && (*options.trials < 1 || *options.trials > max_trials)) {
        return fail(ErrorKind::usage,
                    fmt::format("plan {} trials", *options.trials),
                    fmt::format("the number must be from 1 to {}", max_trials));
    }
    auto filter = read_filter(definitions, options);
    if (!filter) {
        return filter.error();
    }
    std::size_t total = 0;
    for (const auto& definition : definitions) {
        for (const auto& cell : definition.cells) {
            total += static_cast<std::size_t>(options.trials.value_or(cell.trials));
        }
    }
    if (total > max_planned_trials) {
        return fail(ErrorKind::usage,
                    fmt::format("plan {} trials", total),
                    fmt::format("a run has at most {}", max_planned_trials),
                    "use fewer trials or matrix values");
    }
    Plan plan{.seed = options.seed, .experiments = {}, .trials = {}};
    std::int64_t number = 0;
    for (const auto& definition : definitions) {
        const std::size_t first = plan.experiments.size();
        plan.experiments.insert(
            plan.experiments.end(), definition.cells.begin(), definition.cells.end());
        add_trials(plan, first, options, *filter, number);
    }
    if (plan.trials.empty()) {
        return fail(ErrorKind::usage,
                    "plan a run",
                    "no trial matches everything that --only asks for",
                    fmt::format("the plan has the trials 1 to {}", number));
    }
    return plan;
}

}  // namespace ordeal
