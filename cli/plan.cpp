#include "campaign/plan.hpp"

#include "campaign/trigger.hpp"
#include "cli/definitions.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/selection.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

std::string cell_text(const Fields& cell) {
    std::string text;
    for (const auto& [name, value] : cell.all()) {
        text += (text.empty() ? "" : ", ") + name + "=" + to_text(value);
    }
    return text;
}

std::string fault_text(const FaultSpec& spec, const PlannedFault& planned) {
    std::string text =
        fmt::format("{} on {} at {}", spec.kind, planned.target, to_text(planned.at));
    if (spec.on) {
        text += " after " + Trigger(*spec.on).text();
    }
    if (planned.hold > Duration::zero()) {
        text += " for " + to_text(planned.hold);
    }
    return text;
}

nlohmann::json as_json(const Plan& plan) {
    nlohmann::json trials = nlohmann::json::array();
    for (const auto& trial : plan.trials) {
        const auto& experiment = plan.experiments.at(trial.experiment);
        nlohmann::json faults = nlohmann::json::array();
        for (const auto& planned : trial.faults) {
            const auto& spec = experiment.faults.at(planned.fault);
            faults.push_back({{"id", planned.id},
                              {"kind", spec.kind},
                              {"target", planned.target},
                              {"at_ns", planned.at.count()},
                              {"hold_ns", planned.hold.count()}});
            if (spec.on) {
                faults.back()["after"] = Trigger(*spec.on).text();
            }
        }
        trials.push_back({{"number", trial.number},
                          {"experiment", experiment.name},
                          {"cell", cell_text(experiment.cell)},
                          {"seed", trial.seed},
                          {"faults", faults}});
    }
    return {{"seed", plan.seed}, {"trials", trials}};
}

void print(const Plan& plan) {
    fmt::print("seed {}, {} trials\n", plan.seed, plan.trials.size());
    for (const auto& trial : plan.trials) {
        const auto& experiment = plan.experiments.at(trial.experiment);
        const auto cell = cell_text(experiment.cell);
        fmt::print(
            "{:>5}  {}{}\n", trial.number, experiment.name, cell.empty() ? "" : " [" + cell + "]");
        for (const auto& planned : trial.faults) {
            fmt::print("       {}\n", fault_text(experiment.faults.at(planned.fault), planned));
        }
    }
}

}  // namespace

int execute(const CommonOptions& common, const SelectionOptions& options) {
    const auto loaded = load_or_tell(common, options.files, options.testbed);
    if (!loaded) {
        return exit_usage;
    }
    const auto plan = make_plan(loaded->definitions, plan_options(options));
    if (!plan) {
        return tell(plan.error());
    }
    if (common.json) {
        auto json = as_json(*plan);
        json["notes"] = loaded->notes;
        fmt::print("{}\n", json.dump(2));
    } else {
        for (const auto& note : loaded->notes) {
            fmt::print("note: {}\n", note);
        }
        print(*plan);
    }
    return exit_pass;
}

}  // namespace ordeal::cli
