#include "reports/html.hpp"

#include "reports/equivalence.hpp"
#include "reports/escape.hpp"
#include "reports/file.hpp"
#include "reports/html_parts.hpp"
#include "reports/put.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace ordeal::reports {
namespace {

constexpr std::size_t least_in_full = 2;  ///< of a cell's failures, and of its passes

std::string_view verdict_word(const RunRecord& run) {
    if (run.residue) {
        return "Residue remains";
    }
    switch (run.verdict()) {
        case Verdict::pass:
            return "Passed";
        case Verdict::fail:
            return "Failed";
        case Verdict::inconclusive:
            break;
    }
    return "No verdict";
}

void append_tally(std::string& out, const RunSummary& summary) {
    const auto missing = static_cast<std::size_t>(
        std::max(0, summary.run->planned_trials - static_cast<int>(summary.counts.all())));
    put(out, R"(<div class="tally" role="img" aria-label="{}">)", html(summary.tally()));
    for (const auto& [count, style] : {std::pair{summary.counts.fail, "fail"},
                                       std::pair{summary.counts.inconclusive, "inconclusive"},
                                       std::pair{summary.counts.pass, "pass"},
                                       std::pair{missing, "missing"}}) {
        if (count != 0) {
            put(out, R"(<span class="{}" style="flex-grow:{}"></span>)", style, count);
        }
    }
    put(out, "</div><p class=\"hint\">{}</p>", html(summary.tally()));
}

void append_masthead(std::string& out, const RunSummary& summary) {
    const auto& run = *summary.run;
    put(out,
        R"(<header class="{}"><p class="kicker">ordeal · {}</p><h1>{}</h1><p class="headline">{}</p>)",
        run.residue ? "fail" : name_of(run.verdict()),
        html(one_line(run.id)),
        verdict_word(run),
        html(summary.headline()));
    append_tally(out, summary);
    if (!run.finished) {
        put(out,
            "<p class=\"stopped\">The run is not complete: {}.</p>",
            run.stop_reason.empty() ? "it is still going, or was cut off"
                                    : html(one_line(run.stop_reason)));
    }
    put(out, "</header>");
}

/// "6 of 6 (median 10.3 ms)"
std::string sighted(const CellSummary& cell, const std::string& name) {
    const auto observer = std::ranges::find(cell.observers, name, &ObserverSummary::observer);
    const auto median = statistics::quantile(observer->latencies, 0.5).value;
    return fmt::format("{} of {}{}",
                       observer->noticed(),
                       observer->sightings.size(),
                       median ? fmt::format(" (median {})", duration_text(*median)) : "");
}

void append_comparisons(std::string& out, const RunSummary& summary) {
    const auto comparisons = compare_cells(summary);
    if (comparisons.empty()) {
        return;
    }
    put(out, "<section class=\"differences\"><h2>Where the variants differ</h2><ul>");
    for (const auto& each : comparisons) {
        const auto& a = *each.a;
        const auto& b = *each.b;
        put(out,
            "<li><code>{}</code> noticed {} with {}, {} with {}",
            html(each.observer),
            sighted(a, each.observer),
            html(a.variant()),
            sighted(b, each.observer),
            html(b.variant()));
        if (each.noticed_p < notable_p) {
            put(out, "; noticed or not: p = {:.2g} (Fisher’s exact test)", each.noticed_p);
        }
        if (each.latency_p < notable_p) {
            put(out, "; how fast: p = {:.2g} (Mann–Whitney test)", each.latency_p);
        }
        put(out, "</li>");
    }
    put(out, "</ul></section>");
}

void append_equivalences(std::string& out, const RunSummary& summary) {
    const auto found = equivalences(summary);
    if (found.empty()) {
        return;
    }
    put(out, "<section class=\"differences\"><h2>Whether the variants do the same</h2><ul>");
    for (const auto& each : found) {
        put(out, "<li>{}.</li>", html(each.sentence()));
    }
    put(out, "</ul></section>");
}

void append_cell(std::string& out,
                 const CellSummary& cell,
                 const TrialsShown& shown,
                 std::size_t index) {
    const bool known = cell.experiment != nullptr;
    put(out,
        R"(<section class="cell" id="cell-{}"><p class="kicker">{} · {}</p><h2>{}</h2>)",
        index,
        html(one_line(cell.label())),
        plural(cell.counts.all(), "trial"),
        html(known && !cell.experiment->title.empty() ? cell.experiment->title : cell.name));
    if (known && !cell.experiment->question.empty()) {
        put(out, "<p class=\"question\">{}</p>", html(cell.experiment->question));
    }
    append_answers(out, cell);
    append_observers(out, cell);
    append_figures(out, cell);
    append_trials(out, cell, shown);
    put(out, "</section>");
}

void append_contents(std::string& out, const RunSummary& summary) {
    if (summary.cells.size() < 2) {
        return;
    }
    put(out, "<nav aria-label=\"Variants\"><ul>");
    for (std::size_t i = 0; i < summary.cells.size(); ++i) {
        const auto& counts = summary.cells[i].counts;
        put(out,
            "<li><a href=\"#cell-{}\">{}</a> {}</li>",
            i,
            html(one_line(summary.cells[i].label())),
            verdict_mark(counts.fail != 0           ? Verdict::fail
                         : counts.inconclusive != 0 ? Verdict::inconclusive
                                                    : Verdict::pass));
    }
    put(out, "</ul></nav>");
}

void append_how(std::string& out, const RunRecord& run) {
    put(out,
        "<footer><h2>How it was done, and how to do it again</h2><dl><dt>repeat</dt>"
        "<dd><code>{}</code></dd><dt>seed</dt><dd>{}</dd><dt>started</dt><dd>{}</dd>"
        "<dt>took</dt><dd>{}</dd>",
        html(one_line(command_text(run))),
        run.seed,
        stamp(run.started),
        to_text(run.wall));
    for (const auto& [name, value] : run.versions.all()) {
        put(out, "<dt>{}</dt><dd>{}</dd>", html(name), html(to_text(value)));
    }
    put(out, "</dl>");
    for (const auto& experiment : run.experiments) {
        put(out,
            "<details class=\"definition\"><summary>Definition: <code>{}</code></summary>"
            "<pre>{}</pre></details>",
            html(experiment.path.empty() ? experiment.name : experiment.path),
            html(experiment.text));
    }
    put(out,
        "<p class=\"hint\">Bounds of rates are exact (Clopper–Pearson, 95 %: one-sided when none "
        "or all of the trials failed, two-sided otherwise). Bounds of medians are order statistics "
        "with at least 95 % coverage; a trial in which nothing was noticed counts as slower than "
        "all others.</p></footer>");
}

}  // namespace

std::string render_html(const RunRecord& run,
                        const std::filesystem::path& evidence,
                        const HtmlOptions& options) {
    const auto summary = summarize(run);
    const std::size_t cells = std::max<std::size_t>(1, summary.cells.size());
    const TrialsShown shown{
        .evidence = evidence,
        .failures_in_full = std::max(least_in_full, options.failures_in_full / cells),
        .passes_in_full = std::max(least_in_full, options.passes_in_full / cells)};
    std::string out;
    append_page_head(out, fmt::format("{}: {}", verdict_word(run), one_line(run.id)));
    append_masthead(out, summary);
    append_contents(out, summary);
    append_comparisons(out, summary);
    append_equivalences(out, summary);
    for (std::size_t i = 0; i < summary.cells.size(); ++i) {
        append_cell(out, summary.cells[i], shown, i);
    }
    append_how(out, run);
    out += "</body></html>\n";
    return out;
}

Status write_html(const RunRecord& run,
                  const std::filesystem::path& path,
                  const HtmlOptions& options) {
    std::error_code error;
    const auto parent = std::filesystem::absolute(path, error).parent_path();
    const auto from_here = std::filesystem::proximate(run.directory, parent, error);
    return write_file(path, render_html(run, error ? run.directory : from_here, options));
}

}  // namespace ordeal::reports
