#include "reports/escape.hpp"
#include "reports/json_values.hpp"
#include "reports/matrix_files.hpp"
#include "reports/put.hpp"

#include <fmt/ranges.h>

namespace ordeal::reports {
namespace {

using reports::to_json;

const MatrixEntry* entry_of(const MatrixRow& row, const std::string& observer) {
    const auto found = row.entries.find(observer);
    return found == row.entries.end() ? nullptr : &found->second;
}

std::string cell_text(const MatrixRow& row, const std::string& observer) {
    const auto* entry = entry_of(row, observer);
    if (entry == nullptr || entry->trials == 0) {
        return "–";
    }
    auto text = entry_text(row, *entry);
    if (const auto bound = bound_text(*entry); !bound.empty()) {
        text += " (" + bound + ")";
    }
    if (!entry->noticed.empty() && entry->false_alarms != 0) {
        text += fmt::format(", false alarm in {} of {}", entry->false_alarms, entry->trials);
    }
    return text;
}

std::string csv_field(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : one_line(text)) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

std::string csv_number(const std::optional<double>& value) {
    return value ? fmt::format("{:.6f}", *value) : "";
}

Json to_json(const MatrixEntry& entry) {
    Json noticed = Json::array();
    for (const auto& [key, latency] : entry.noticed) {
        noticed.push_back({{"trial", key.trial},
                           {"domain", readable(key.domain)},
                           {"outage", key.number},
                           {"latency", to_json(latency)}});
    }
    return {{"trials", entry.trials},
            {"outages", entry.noticed.size()},
            {"noticed", entry.caught()},
            {"median", to_json(statistics::quantile(entry.latencies, 0.5).value)},
            {"median_at_most", to_json(statistics::quantile_upper_bound(entry.latencies, 0.5))},
            {"false_alarms", entry.false_alarms},
            {"alive_impaired", seconds(entry.alive_impaired)},
            {"false_dead", seconds(entry.false_dead)},
            {"sightings", std::move(noticed)}};
}

Json to_json(const ObserverTotal& total) {
    return {{"observer", readable(total.observer)},
            {"faults", total.faults},
            {"always", total.always},
            {"sometimes", total.sometimes},
            {"never", total.never},
            {"trials", total.trials},
            {"false_alarms", total.false_alarms},
            {"alive_impaired", seconds(total.alive_impaired)},
            {"false_dead", seconds(total.false_dead)}};
}

Json to_json(const MatrixRow& row) {
    Json observers = Json::object();
    for (const auto& [observer, entry] : row.entries) {
        observers[readable(observer)] = to_json(entry);
    }
    Json deciders = Json::object();
    for (const auto& [decider, entry] : row.deciders) {
        deciders[readable(decider)] = to_json(entry);
        deciders[readable(decider)]["decision"] = decision_text(row, decider, entry);
    }
    return {{"fault", readable(row.label)},
            {"experiment", readable(row.experiment)},
            {"control", row.control},
            {"run", row.run},
            {"trials", row.trials.all()},
            {"proved", row.proved},
            {"outages", row.outages},
            {"unclear", row.unclear},
            {"observers", std::move(observers)},
            {"deciders", std::move(deciders)}};
}

void append_markdown_deciders(std::string& out, const Matrix& matrix) {
    if (matrix.deciders.empty()) {
        return;
    }
    put(out, "\n| what would act on libvirt's word |");
    for (const auto& total : matrix.deciders) {
        put(out, " {} |", markdown(total.observer));
    }
    put(out, "\n|---|");
    for (std::size_t i = 0; i < matrix.deciders.size(); ++i) {
        put(out, "---|");
    }
    for (const auto& row : matrix.rows) {
        put(out, "\n| {} |", markdown(row.label));
        for (const auto& total : matrix.deciders) {
            const auto entry = row.deciders.find(total.observer);
            put(out,
                " {} |",
                entry == row.deciders.end()
                    ? "–"
                    : markdown(decision_text(row, total.observer, entry->second)));
        }
    }
    put(out, "\n");
}

void append_markdown_totals(std::string& out, const Matrix& matrix) {
    put(out,
        "\n| observer | always | sometimes | never | false alarms | alive of a harmed service | "
        "false dead |\n"
        "|---|--:|--:|--:|--:|--:|--:|\n");
    for (const auto* totals : {&matrix.observers, &matrix.deciders}) {
        for (const auto& total : *totals) {
            put(out,
                "| {} | {} of {} | {} | {} | {} of {} | {} | {} |\n",
                markdown(total.observer),
                total.always,
                total.faults,
                total.sometimes,
                total.never,
                total.false_alarms,
                plural(total.trials, "trial"),
                to_text(total.alive_impaired),
                to_text(total.false_dead));
        }
    }
}

}  // namespace

std::string matrix_markdown(const Matrix& matrix) {
    std::string out;
    put(out, "## Who notices what, and when\n\n{}\n\n| fault | trials |", markdown(advice(matrix)));
    for (const auto& total : matrix.observers) {
        put(out, " {} |", markdown(total.observer));
    }
    put(out, "\n|---|--:|");
    for (std::size_t i = 0; i < matrix.observers.size(); ++i) {
        put(out, "--:|");
    }
    for (const auto& row : matrix.rows) {
        put(out, "\n| {} | {} of {} |", markdown(row.label), row.proved, row.trials.all());
        for (const auto& total : matrix.observers) {
            put(out, " {} |", markdown(cell_text(row, total.observer)));
        }
    }
    put(out,
        "\n\nMedian latency from the injection to the first “dead” (its upper bound at 95 %); a "
        "row "
        "counts the trials in which the fault was proved to act. quiet: the service went on, and "
        "it "
        "said nothing else; “?”: nobody knows whether it did. “–”: the observer said nothing.\n");
    append_markdown_deciders(out, matrix);
    append_markdown_totals(out, matrix);
    return out;
}

std::string matrix_csv(const Matrix& matrix) {
    std::string out =
        "fault,experiment,run,trials,proved,role,observer,outages,noticed,median,median_at_most,"
        "false_alarms,alive_impaired,false_dead\n";
    for (const auto& row : matrix.rows) {
        for (const auto& [role, entries] :
             {std::pair{"observer", &row.entries}, std::pair{"decider", &row.deciders}}) {
            for (const auto& [observer, entry] : *entries) {
                put(out,
                    "{},{},{},{},{},{},{},{},{},{},{},{},{:.6f},{:.6f}\n",
                    csv_field(row.label),
                    csv_field(row.experiment),
                    csv_field(matrix.runs[row.run]),
                    row.trials.all(),
                    row.proved,
                    role,
                    csv_field(observer),
                    entry.noticed.size(),
                    entry.caught(),
                    csv_number(statistics::quantile(entry.latencies, 0.5).value),
                    csv_number(statistics::quantile_upper_bound(entry.latencies, 0.5)),
                    entry.false_alarms,
                    seconds(entry.alive_impaired),
                    seconds(entry.false_dead));
            }
        }
    }
    return out;
}

std::string matrix_json(const Matrix& matrix) {
    Json document{{"version", 1},
                  {"within", matrix.within},
                  {"runs", to_json(matrix.runs)},
                  {"advice", readable(advice(matrix))},
                  {"best",
                   {{"observers", to_json(matrix.best.observers)},
                    {"catches", to_json(matrix.best.catches)}}},
                  {"uncaught", to_json(matrix.uncaught)},
                  {"unharmed", to_json(matrix.unharmed)},
                  {"observers", Json::array()},
                  {"deciders", Json::array()},
                  {"rows", Json::array()}};
    for (const auto& total : matrix.observers) {
        document["observers"].push_back(to_json(total));
    }
    for (const auto& total : matrix.deciders) {
        document["deciders"].push_back(to_json(total));
    }
    for (const auto& row : matrix.rows) {
        auto entry = to_json(row);
        if (const auto choice = matrix.each.find(row.label); choice != matrix.each.end()) {
            entry["cheapest"] = to_json(choice->second.observers);
        }
        document["rows"].push_back(std::move(entry));
    }
    return document.dump(2) + "\n";
}

}  // namespace ordeal::reports
