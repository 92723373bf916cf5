#include "reports/escape.hpp"
#include "reports/html_parts.hpp"
#include "reports/put.hpp"
#include "reports/strip.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace ordeal::reports {
namespace {

std::string bounds_text(const statistics::Quantile& quantile) {
    if (!quantile.low) {
        return "";
    }
    return quantile.high
               ? fmt::format("{} – {}", duration_text(*quantile.low), duration_text(*quantile.high))
               : fmt::format("≥ {}", duration_text(*quantile.low));
}

void append_observer_row(std::string& out, const ObserverSummary& observer, StripScale scale) {
    const auto median = statistics::quantile(observer.latencies, 0.5);
    const auto n = observer.sightings.size();
    const bool missed = observer.latencies.censored != 0;
    put(out,
        R"(<tr><th scope="row"><code>{}</code></th><td class="num{}">{} of {}</td>)",
        html(observer.observer),
        missed ? " bad" : "",
        observer.noticed(),
        n);
    put(out,
        R"(<td class="num"><b>{}</b><small>{}</small></td><td class="num">{}</td>)",
        median_text(observer),
        bounds_text(median),
        range_text(observer.latencies.measured));
    put(out, R"(<td class="picture">{}</td>)", n == 0 ? "" : strip_svg(observer, scale));
    put(out,
        R"(<td class="num">{}</td><td class="num{}">{}</td></tr>)",
        observer.longest_false_alive > Duration{} ? to_text(observer.longest_false_alive) : "–",
        observer.longest_false_dead > Duration{} ? " bad" : "",
        observer.longest_false_dead > Duration{}
            ? fmt::format("{} in {}",
                          to_text(observer.longest_false_dead),
                          plural(observer.trials_false_dead, "trial"))
            : "–");
}

/// "First to notice: …", "Never noticed: …": the table in words.
std::string detection_sentence(const CellSummary& cell) {
    std::string never;
    const ObserverSummary* first = nullptr;
    for (const auto& observer : cell.observers) {
        if (observer.sightings.empty()) {
            continue;
        }
        if (observer.noticed() == 0) {
            put(never,
                "{}<code>{}</code> (said alive for up to {})",
                never.empty() ? "" : ", ",
                html(observer.observer),
                to_text(observer.longest_false_alive));
        } else if (first == nullptr) {
            first = &observer;
        }
    }
    std::string text;
    if (first != nullptr) {
        put(text,
            "First to notice was <code>{}</code>, after {} in the median ({} of {}).",
            html(first->observer),
            median_text(*first),
            first->noticed(),
            plural(first->sightings.size(), "trial"));
    }
    if (!never.empty()) {
        put(text, " Never noticed: {}.", never);
    }
    return text;
}

/// One finding in its own words; what it rests on is folded unless it failed.
void append_example(std::string& out, const Finding& finding) {
    if (finding.evidence.empty()) {
        put(out, "<small>For example: {}.</small>", html(finding.summary));
        return;
    }
    put(out,
        "<details{}><summary>For example: {}.</summary>",
        finding.verdict == Verdict::fail ? " open=\"open\"" : "",
        html(finding.summary));
    for (const auto& line : finding.evidence) {
        put(out, "<blockquote>{}</blockquote>", html(line));
    }
    put(out, "</details>");
}

/// The sentence, and the words that a tool or a failure said.
void append_check(std::string& out, const CheckSummary& check) {
    const auto grades = check.grades();
    put(out, "<li>{}<div>{}", verdict_mark(check.verdict()), html(check.sentence()));
    if (!grades.empty()) {
        put(out, " <b>{}.</b>", html(grades));
    }
    if (!check.quoted.empty()) {
        append_example(out, *check.quoted.front());
    }
    put(out, "</div></li>");
}

void append_figure(std::string& out, const std::string& name, const FigureSummary& figure) {
    put(out, R"(<tr><td>{}</td><td class="num">)", html(spaced(name)));
    if (!figure.occurring.empty()) {
        std::string_view comma;
        for (const auto& [word, count] : figure.occurring) {
            put(out, "{}{} in {}", comma, html(spaced(word)), count);
            comma = ", ";
        }
    } else if (figure.is_integer) {
        const auto [least, most] = std::ranges::minmax_element(figure.values);
        put(out, "{} in all, {:.0f} – {:.0f} a trial", figure.total, *least, *most);
    } else if (figure.is_duration) {
        const auto median = statistics::quantile({.measured = figure.values, .censored = 0}, 0.5);
        put(out,
            "median {}, {}",
            duration_text(median.value.value_or(0)),
            range_text(figure.values));
    } else {
        const auto [least, most] = std::ranges::minmax_element(figure.values);
        put(out, "{:g} – {:g}", *least, *most);
    }
    put(out, "</td></tr>");
}

}  // namespace

std::string verdict_mark(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return R"(<span class="v pass"><i>✓</i> passed</span>)";
        case Verdict::fail:
            return R"(<span class="v fail"><i>✕</i> failed</span>)";
        case Verdict::inconclusive:
            break;
    }
    return R"(<span class="v inconclusive"><i>?</i> inconclusive</span>)";
}

void append_answers(std::string& out, const CellSummary& cell) {
    put(out, "<ul class=\"answers\">");
    for (const auto& fault : cell.faults) {
        put(out,
            "<li><span class=\"v did\"><i>⚡</i> injected</span><span><code>{}</code> in {}, seen "
            "to act by another path in {} of them{}.</span></li>",
            html(fault.kind),
            plural(fault.injected, "trial"),
            fault.active,
            fault.residue == 0
                ? ""
                : fmt::format("; <b class=\"bad\">something of it may be left in {}</b>",
                              plural(fault.residue, "trial")));
    }
    const std::string detection = detection_sentence(cell);
    if (!detection.empty()) {
        put(out,
            "<li><span class=\"v did\"><i>◔</i> noticed</span><span>{}</span></li>",
            detection);
    }
    for (const auto& check : cell.checks) {
        append_check(out, check);
    }
    put(out, "</ul>");
}

void append_observers(std::string& out, const CellSummary& cell) {
    if (cell.observers.empty()) {
        return;
    }
    const auto scale = scale_for(cell.observers);
    put(out,
        R"(<div class="wide"><table class="observers"><caption>Who noticed, and how fast</caption>)"
        R"(<thead><tr><th scope="col">observer</th><th scope="col" class="num">noticed</th>)"
        R"(<th scope="col" class="num">median<small>95 % bounds</small></th>)"
        R"(<th scope="col" class="num">range</th>)"
        R"(<th scope="col" class="picture">each trial{}</th>)"
        R"(<th scope="col" class="num">longest<br/>false alive</th>)"
        R"(<th scope="col" class="num">longest<br/>false dead</th></tr></thead><tbody>)",
        strip_axis_svg(scale));
    for (const auto& observer : cell.observers) {
        append_observer_row(out, observer, scale);
    }
    put(out,
        "</tbody></table></div><p class=\"hint\">Time from the outage (true health hung or dead) "
        "to "
        "the observer’s first “dead”; one dot a trial, the line is the median, the box its bounds; "
        "each step to the right is ten times slower. False alive: it said “alive” while the domain "
        "was hung or dead. False dead: it said “dead” while the domain was serving.</p>");
}

void append_figures(std::string& out, const CellSummary& cell) {
    const bool any = std::ranges::any_of(
        cell.checks, [](const CheckSummary& check) { return !check.figures.empty(); });
    if (!any) {
        return;
    }
    put(out,
        "<details class=\"figures\"><summary>What the checks measured, and in which "
        "words</summary><div class=\"columns\">");
    for (const auto& check : cell.checks) {
        put(out,
            "<section><h4><code>{}</code> {}</h4><table>",
            html(check.check),
            html(check.subject));
        for (const auto& [name, figure] : check.figures) {
            append_figure(out, name, figure);
        }
        put(out, "</table>");
        for (const auto* finding : check.quoted) {
            for (const auto& line : finding->evidence) {
                put(out, "<blockquote>{}</blockquote>", html(line));
            }
        }
        put(out, "</section>");
    }
    put(out, "</div></details>");
}

}  // namespace ordeal::reports
