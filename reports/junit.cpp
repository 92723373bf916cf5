#include "reports/junit.hpp"

#include "reports/crash_states.hpp"
#include "reports/escape.hpp"
#include "reports/file.hpp"
#include "reports/summary.hpp"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pugixml.hpp>
#include <sstream>

namespace ordeal::reports {
namespace {

/// pugixml escapes markup but lets through what XML forbids.
void set(pugi::xml_node node, const char* name, std::string_view value) {
    node.append_attribute(name).set_value(one_line(value).c_str());
}

void set_time(pugi::xml_node node, Duration duration) {
    set(node, "time", fmt::format("{:.3f}", seconds(duration)));
}

std::string findings_text(const TrialRecord& trial) {
    std::string text = fmt::format("seed {}\n", trial.seed);
    for (const auto& finding : trial.findings) {
        text += fmt::format("{}: {} {}: {}\n",
                            name_of(finding.verdict),
                            finding.check,
                            finding.subject,
                            finding.summary);
        for (const auto& line : finding.evidence) {
            text += "    " + line + "\n";
        }
    }
    for (const auto* exploration : explorations(trial)) {
        text += fmt::format("crash states of {}\n", exploration->subject);
        for (const auto& [name, words] : crash_lines(exploration->data)) {
            text += fmt::format("    {}: {}\n", name, words);
        }
        for (const auto& state : bad_states(exploration->data)) {
            text += fmt::format("    {} {}: {}\n", state.kind, state.id, state.words);
        }
    }
    return text;
}

void append_trial(pugi::xml_node suite, const CellSummary& cell, const TrialRecord& trial) {
    auto test = suite.append_child("testcase");
    set(test, "classname", cell.label());
    set(test, "name", fmt::format("trial {}", trial.number));
    set_time(test, trial.wall);
    const std::string text = readable(findings_text(trial));
    if (trial.verdict == Verdict::pass) {
        test.append_child("system-out").text().set(text.c_str());
        return;
    }
    const bool failed = trial.verdict == Verdict::fail;
    auto outcome = test.append_child(failed ? "failure" : "error");
    set(outcome, "message", trial.reason);
    set(outcome, "type", name_of(trial.verdict));
    outcome.text().set(text.c_str());
}

void append_property(pugi::xml_node properties, std::string_view name, std::string_view value) {
    auto property = properties.append_child("property");
    set(property, "name", name);
    set(property, "value", value);
}

void append_suite(pugi::xml_node root, const RunRecord& run, const CellSummary& cell) {
    auto suite = root.append_child("testsuite");
    Duration wall{};
    WallTime first = WallTime::max();
    for (const auto& trial : cell.trials) {
        wall += trial.record->wall;
        first = std::min(first, trial.record->started);
    }
    set(suite, "name", cell.label());
    set(suite, "tests", std::to_string(cell.counts.all()));
    set(suite, "failures", std::to_string(cell.counts.fail));
    set(suite, "errors", std::to_string(cell.counts.inconclusive));
    set(suite, "skipped", "0");
    set_time(suite, wall);
    set(suite,
        "timestamp",
        fmt::format("{:%Y-%m-%dT%H:%M:%S}",
                    fmt::gmtime(std::chrono::system_clock::to_time_t(first))));
    auto properties = suite.append_child("properties");
    append_property(properties, "seed", std::to_string(run.seed));
    append_property(properties, "command", command_text(run));
    for (const auto& [name, value] : run.versions.all()) {
        append_property(properties, name, to_text(value));
    }
    for (const auto& trial : cell.trials) {
        append_trial(suite, cell, *trial.record);
    }
}

void append_skipped(pugi::xml_node root, const RunRecord& run, std::size_t missing) {
    auto suite = root.append_child("testsuite");
    set(suite, "name", "not run");
    set(suite, "tests", std::to_string(missing));
    set(suite, "failures", "0");
    set(suite, "errors", "0");
    set(suite, "skipped", std::to_string(missing));
    set(suite, "time", "0.000");
    for (std::size_t i = 0; i < missing; ++i) {
        auto test = suite.append_child("testcase");
        set(test, "classname", "not run");
        set(test, "name", fmt::format("planned trial {}", run.trials.size() + i + 1));
        set(test, "time", "0.000");
        set(test.append_child("skipped"),
            "message",
            run.stop_reason.empty() ? "the run is not finished" : run.stop_reason);
    }
}

}  // namespace

std::string render_junit(const RunRecord& run) {
    const auto summary = summarize(run);
    const auto missing = static_cast<std::size_t>(
        std::max(0, run.planned_trials - static_cast<int>(run.trials.size())));
    pugi::xml_document document;
    auto root = document.append_child("testsuites");
    set(root, "name", run.id);
    set(root, "tests", std::to_string(summary.counts.all() + missing));
    set(root, "failures", std::to_string(summary.counts.fail));
    set(root, "errors", std::to_string(summary.counts.inconclusive));
    set(root, "skipped", std::to_string(missing));
    set_time(root, run.wall);
    for (const auto& cell : summary.cells) {
        append_suite(root, run, cell);
    }
    if (missing != 0) {
        append_skipped(root, run, missing);
    }
    std::ostringstream out;
    document.save(out, "  ", pugi::format_indent, pugi::encoding_utf8);
    return out.str();
}

Status write_junit(const RunRecord& run, const std::filesystem::path& path) {
    return write_file(path, render_junit(run));
}

}  // namespace ordeal::reports
