#include "reports/crash_states.hpp"
#include "reports/escape.hpp"
#include "reports/html_parts.hpp"
#include "reports/put.hpp"
#include "reports/timeline.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace ordeal::reports {
namespace {

constexpr std::size_t opened = 2;         ///< failed trials shown unfolded
constexpr std::size_t most_remarks = 40;  ///< lines of a trial's log

std::string_view css_class(Verdict verdict) {
    return name_of(verdict);
}

void append_findings(std::string& out, const TrialRecord& trial) {
    put(out, "<table class=\"findings\"><caption>Findings</caption>");
    for (const auto& finding : trial.findings) {
        put(out,
            R"(<tr><td>{}</td><td><code>{}</code><small>{}</small></td><td>{})",
            verdict_mark(finding.verdict),
            html(finding.check),
            html(finding.subject),
            html(finding.summary));
        for (const auto& line : finding.evidence) {
            put(out, "<blockquote>{}</blockquote>", html(line));
        }
        put(out, "</td></tr>");
    }
    put(out, "</table>");
}

/// One line of the trial's log: what of the event a person wants to read.
std::string told(const Event& remark) {
    for (const auto* field : {"line", "text", "error"}) {
        if (remark.data.has(field)) {
            return to_text(remark.data.all().at(field));
        }
    }
    std::string text;
    for (const auto& [name, value] : remark.data.all()) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, to_text(value));
    }
    return text;
}

void append_log_line(std::string& out,
                     Instant at,
                     std::string_view who,
                     std::string_view what,
                     std::string_view words) {
    put(out,
        R"(<tr><td class="num">{:.3f} s</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>)",
        seconds(at),
        html(who),
        html(what),
        html(words));
}

void append_log(std::string& out, const Story& story) {
    struct Line {
        Instant at;
        std::string who;
        std::string what;
        std::string words;
    };

    std::vector<Line> lines;
    for (const auto& fault : story.faults) {
        const auto step = [&](const std::optional<Instant>& at, const char* what) {
            if (at) {
                lines.push_back({*at, fault.kind, what, fault.target});
            }
        };
        step(fault.injecting, "injecting");
        step(fault.injected, "injected");
        step(fault.active, "seen to act");
        step(fault.healing, "healing");
        step(fault.healed, "healed");
    }
    for (const auto& health : story.health) {
        for (const auto& span : health.spans) {
            lines.push_back({span.from, "true health", span.state, span.words});
        }
    }
    const std::size_t remarks = std::min(story.remarks.size(), most_remarks);
    for (std::size_t i = 0; i < remarks; ++i) {
        const auto& remark = *story.remarks[i];
        lines.push_back({remark.at, remark.source, remark.kind, told(remark)});
    }
    std::ranges::stable_sort(lines, {}, &Line::at);
    put(out, "<table class=\"log\"><caption>What happened</caption>");
    for (const auto& line : lines) {
        append_log_line(out, line.at, line.who, line.what, line.words);
    }
    if (story.remarks.size() > remarks) {
        put(out,
            "<tr><td></td><td></td><td></td><td>{} more are in the run’s data</td></tr>",
            story.remarks.size() - remarks);
    }
    put(out, "</table>");
}

void append_phases(std::string& out, const Story& story) {
    put(out, "<p class=\"phases\">");
    for (const auto& phase : story.phases) {
        put(out,
            "<span{}>{} <b>{}</b>{}</span>",
            phase.ok ? "" : " class=\"bad\"",
            html(phase.name),
            to_text(Duration(phase.to - phase.from)),
            phase.ok ? "" : " " + html(phase.error));
    }
    put(out, "</p>");
}

void append_evidence(std::string& out,
                     const TrialRecord& trial,
                     const std::filesystem::path& directory) {
    if (trial.evidence.empty()) {
        return;
    }
    put(out, "<p class=\"evidence\">Evidence: ");
    for (const auto& file : trial.evidence) {
        put(out,
            R"(<a href="{}">{}</a> )",
            link_target(directory / file.relative_path()),
            html(file.string()));
    }
    put(out, "</p>");
}

void append_trial(std::string& out,
                  const TrialSummary& trial,
                  const CellSummary& cell,
                  const std::filesystem::path& directory,
                  bool open) {
    const auto& record = *trial.record;
    put(out,
        R"(<details class="trial {0}" id="trial-{1}"{2}><summary>{3}<b>trial {1}</b>)"
        R"(<span class="reason">{4}</span><span class="seed">seed {5}</span></summary>)",
        css_class(record.verdict),
        record.number,
        open ? " open=\"open\"" : "",
        verdict_mark(record.verdict),
        html(one_line(record.reason)),
        record.seed);
    std::vector<std::string> order;
    for (const auto& observer : cell.observers) {
        order.push_back(observer.observer);
    }
    put(out,
        "<div class=\"wide\">{}</div>",
        timeline_svg(trial.story, order, fmt::format("Timeline of trial {}", record.number)));
    for (const auto* exploration : explorations(record)) {
        append_exploration(out, *exploration);
    }
    append_phases(out, trial.story);
    put(out, "<div class=\"columns\">");
    append_findings(out, record);
    append_log(out, trial.story);
    put(out, "</div>");
    append_evidence(out, record, directory);
    put(out, "</details>");
}

constexpr std::string_view legend =
    R"(<p class="legend">)"
    R"(<span><svg viewBox="0 0 22 12"><rect class="alive" width="22" height="12"/></svg>says alive</span>)"
    R"(<span><svg viewBox="0 0 22 12"><rect class="dead" width="22" height="12"/></svg>says dead</span>)"
    R"(<span><svg viewBox="0 0 22 12"><rect class="unknown" x=".5" y=".5" width="21" height="11"/></svg>)"
    R"(cannot say</span>)"
    R"(<span><svg viewBox="0 0 22 12"><rect class="wrong" y="6" width="22" height="5"/></svg>)"
    R"(contradicts the true health</span>)"
    R"(<span><svg viewBox="0 0 22 12"><rect class="fault" width="22" height="12"/>)"
    R"(<path class="fault" d="M1 0v12"/></svg>fault in effect</span>)"
    R"(<span>right margin: time from the outage to “dead”</span></p>)";

/// One line for each trial: its verdict and when each observer noticed.
void append_table(std::string& out,
                  const CellSummary& cell,
                  const std::vector<const TrialSummary*>& trials) {
    if (trials.empty()) {
        return;
    }
    put(out,
        "<details class=\"rest\"><summary>{} more, in a line each</summary><div class=\"wide\">"
        "<table><thead><tr><th scope=\"col\">trial</th><th scope=\"col\">verdict</th>",
        plural(trials.size(), "trial"));
    for (const auto& observer : cell.observers) {
        put(out, R"(<th scope="col" class="num">{}</th>)", html(observer.observer));
    }
    put(out,
        R"(<th scope="col" class="num">acknowledged</th><th scope="col">seed</th></tr></thead>)");
    for (const auto* trial : trials) {
        const auto& record = *trial->record;
        put(out,
            R"(<tr id="trial-{0}" class="trial-line"><td class="num">{0}</td><td>{1}</td>)",
            record.number,
            record.verdict == Verdict::pass ? "passed" : html(one_line(record.reason)));
        for (const auto& observer : cell.observers) {
            const auto lane =
                std::ranges::find(trial->story.lanes, observer.observer, &Lane::observer);
            std::string noticed;
            if (lane != trial->story.lanes.end()) {
                for (const auto& each : lane->noticed) {
                    noticed += noticed.empty() ? "" : ", ";
                    noticed += each ? to_text(*each) : "never";
                }
            }
            put(out, R"(<td class="num">{}</td>)", noticed.empty() ? "–" : noticed);
        }
        const auto& acknowledged = trial->story.acknowledged;
        put(out,
            R"(<td class="num">{}</td><td>{}</td></tr>)",
            acknowledged.empty() ? 0 : acknowledged.back().total,
            record.seed);
    }
    put(out, "</table></div></details>");
}

}  // namespace

void append_trials(std::string& out, const CellSummary& cell, const TrialsShown& shown) {
    put(out, "<h3>Trials</h3>{}", legend);
    std::vector<const TrialSummary*> failures;
    std::vector<const TrialSummary*> passes;
    std::vector<const TrialSummary*> rest;
    for (const auto& trial : cell.trials) {
        const bool passed = trial.record->verdict == Verdict::pass;
        auto& group = passed ? passes : failures;
        const auto limit = passed ? shown.passes_in_full : shown.failures_in_full;
        (group.size() < limit ? group : rest).push_back(&trial);
    }
    for (std::size_t i = 0; i < failures.size(); ++i) {
        append_trial(out, *failures[i], cell, shown.evidence, i < opened);
    }
    if (!passes.empty()) {
        const bool first = failures.empty();
        put(out,
            "<details class=\"passes\"{}><summary>{}{} passed</summary>",
            first ? " open=\"open\"" : "",
            passes.size() < cell.counts.pass ? fmt::format("{} of ", passes.size()) : "",
            plural(cell.counts.pass, "trial"));
        for (std::size_t i = 0; i < passes.size(); ++i) {
            append_trial(out, *passes[i], cell, shown.evidence, first && i == 0);
        }
        put(out, "</details>");
    }
    append_table(out, cell, rest);
}

}  // namespace ordeal::reports
