#include "reports/json.hpp"

#include "reports/crash_states.hpp"
#include "reports/equivalence.hpp"
#include "reports/escape.hpp"
#include "reports/file.hpp"
#include "reports/json_values.hpp"
#include "reports/summary.hpp"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace ordeal::reports {
namespace {

using reports::to_json;

struct ToJson {
    Json operator()(bool value) const { return value; }

    Json operator()(std::int64_t value) const { return value; }

    Json operator()(double value) const { return value; }

    Json operator()(const std::string& value) const { return readable(value); }

    Json operator()(Duration value) const { return {{"ns", value.count()}}; }

    Json operator()(Bytes value) const { return {{"bytes", value.count}}; }

    Json operator()(const std::vector<std::string>& values) const { return to_json(values); }
};

Json to_json(const Fields& fields) {
    Json object = Json::object();
    for (const auto& [name, value] : fields.all()) {
        object[readable(name)] = std::visit(ToJson{}, value);
    }
    return object;
}

Json to_json(const Counts& counts) {
    return {{"pass", counts.pass}, {"fail", counts.fail}, {"inconclusive", counts.inconclusive}};
}

std::string stamp_text(WallTime at) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

Json to_json(const ObserverSummary& observer) {
    const auto median = statistics::quantile(observer.latencies, 0.5);
    const auto& measured = observer.latencies.measured;
    const bool any = !measured.empty();
    return {{"observer", readable(observer.observer)},
            {"outages", observer.sightings.size()},
            {"noticed", observer.noticed()},
            {"median", to_json(median.value)},
            {"median_low", to_json(median.low)},
            {"median_high", to_json(median.high)},
            {"p90", to_json(statistics::quantile(observer.latencies, 0.9).value)},
            {"fastest", any ? Json(std::ranges::min(measured)) : Json()},
            {"slowest", any ? Json(std::ranges::max(measured)) : Json()},
            {"longest_false_alive", seconds(observer.longest_false_alive)},
            {"longest_false_dead", seconds(observer.longest_false_dead)},
            {"trials_false_dead", observer.trials_false_dead}};
}

Json to_json(const CheckSummary& check) {
    const auto bounds =
        statistics::proportion_bounds(check.trials.fail, check.trials.pass + check.trials.fail);
    return {{"check", readable(check.check)},
            {"subject", readable(check.subject)},
            {"trials", to_json(check.trials)},
            {"failure_rate_low", bounds.low},
            {"failure_rate_high", bounds.high},
            {"confidence", statistics::usual_confidence},
            {"sentence", readable(check.sentence())}};
}

Json to_json(const CellSummary& cell) {
    const auto* experiment = cell.experiment;
    Json faults = Json::array();
    for (const auto& fault : cell.faults) {
        faults.push_back({{"id", readable(fault.id)},
                          {"kind", readable(fault.kind)},
                          {"injected", fault.injected},
                          {"active", fault.active},
                          {"residue", fault.residue}});
    }
    Json observers = Json::array();
    for (const auto& observer : cell.observers) {
        observers.push_back(to_json(observer));
    }
    Json checks = Json::array();
    for (const auto& check : cell.checks) {
        checks.push_back(to_json(check));
    }
    return {{"experiment", readable(cell.name)},
            {"title", experiment == nullptr ? "" : readable(experiment->title)},
            {"question", experiment == nullptr ? "" : readable(experiment->question)},
            {"cell", to_json(cell.cell)},
            {"trials", to_json(cell.counts)},
            {"acknowledged", cell.acknowledged},
            {"faults", faults},
            {"observers", observers},
            {"checks", checks}};
}

Json to_json(const TrialRecord& trial) {
    Json findings = Json::array();
    for (const auto& finding : trial.findings) {
        findings.push_back({{"check", readable(finding.check)},
                            {"subject", readable(finding.subject)},
                            {"verdict", name_of(finding.verdict)},
                            {"summary", readable(finding.summary)},
                            {"evidence", to_json(finding.evidence)},
                            {"figures", to_json(finding.figures)}});
    }
    Json crash_states = Json::array();
    for (const auto* exploration : explorations(trial)) {
        crash_states.push_back(
            {{"subject", readable(exploration->subject)}, {"facts", to_json(exploration->data)}});
    }
    Json evidence = Json::array();
    for (const auto& file : trial.evidence) {
        evidence.push_back(readable(file.string()));
    }
    return {{"number", trial.number},
            {"experiment", readable(trial.experiment)},
            {"cell", to_json(trial.cell)},
            {"seed", std::to_string(trial.seed)},
            {"started", stamp_text(trial.started)},
            {"wall", seconds(trial.wall)},
            {"verdict", name_of(trial.verdict)},
            {"reason", readable(trial.reason)},
            {"findings", findings},
            {"crash_states", crash_states},
            {"evidence", evidence}};
}

}  // namespace

std::string render_json(const RunRecord& run) {
    const auto summary = summarize(run);
    Json cells = Json::array();
    for (const auto& cell : summary.cells) {
        cells.push_back(to_json(cell));
    }
    Json equivalent = Json::array();
    for (const auto& each : equivalences(summary)) {
        equivalent.push_back({{"check", readable(each.check)},
                              {"a", readable(each.a->variant())},
                              {"b", readable(each.b->variant())},
                              {"margin", each.margin},
                              {"low", each.low},
                              {"high", each.high},
                              {"shown", each.shown()},
                              {"sentence", readable(each.sentence())}});
    }
    Json trials = Json::array();
    for (const auto& trial : run.trials) {
        trials.push_back(to_json(trial));
    }
    const Json document{{"format", "ordeal.report"},
                        {"version", json_version},
                        {"run",
                         {{"id", readable(run.id)},
                          {"started", stamp_text(run.started)},
                          {"wall", seconds(run.wall)},
                          {"finished", run.finished},
                          {"stop_reason", readable(run.stop_reason)},
                          {"command_line", to_json(run.command_line)},
                          {"seed", std::to_string(run.seed)},
                          {"planned_trials", run.planned_trials},
                          {"verdict", name_of(run.verdict())},
                          {"residue", run.residue},
                          {"headline", readable(summary.headline())},
                          {"trials", to_json(summary.counts)},
                          {"versions", to_json(run.versions)}}},
                        {"cells", cells},
                        {"equivalences", equivalent},
                        {"trials", trials}};
    return document.dump(2) + "\n";
}

Status write_json(const RunRecord& run, const std::filesystem::path& path) {
    return write_file(path, render_json(run));
}

}  // namespace ordeal::reports
