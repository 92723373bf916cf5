#include "reports/escape.hpp"
#include "reports/html_parts.hpp"
#include "reports/matrix_files.hpp"
#include "reports/put.hpp"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>

namespace ordeal::reports {
namespace {

namespace fs = std::filesystem;

/// Steps of the colour scale: medians up to so many seconds.
constexpr std::array steps{0.5, 1.0, 2.0, 5.0};

std::string colour_of(const MatrixRow& row, const MatrixEntry& entry) {
    if (entry.noticed.empty()) {
        return entry.false_alarms != 0 ? "alarm" : row.unclear == 0 ? "quiet" : "none";
    }
    if (entry.caught() == 0) {
        return "never";
    }
    if (entry.caught() != entry.noticed.size()) {
        return "some";
    }
    const auto median = *statistics::quantile(entry.latencies, 0.5).value;
    const auto step = std::ranges::find_if(steps, [&](double most) { return median <= most; });
    return fmt::format("h{}", step - steps.begin());
}

/// "network.heartbeat" may break after the dot.
std::string column_name(const std::string& observer) {
    auto name = html(one_line(observer));
    if (const auto dot = name.find('.'); dot != std::string::npos) {
        name.insert(dot + 1, "<wbr/>");
    }
    return name;
}

void append_advice(std::string& out, const Matrix& matrix) {
    std::vector<std::string> runs;
    for (const auto& run : matrix.runs) {
        runs.push_back(html(one_line(run)));
    }
    put(out,
        "<header><p class=\"kicker\">ordeal · {}</p><h1>Who notices what, and when</h1>"
        "<p class=\"headline\">{}</p></header>",
        fmt::join(runs, " · "),
        html(one_line(advice(matrix))));
}

void append_map_legend(std::string& out) {
    put(out, "<p class=\"legend\">Median from the injection to the first “dead”: ");
    for (std::size_t i = 0; i < steps.size(); ++i) {
        put(out, "<span class=\"h{}\">≤ {}</span> ", i, duration_text(steps[i]));
    }
    put(out,
        "<span class=\"h{}\">longer</span> <span class=\"some\">not every time</span> "
        "<span class=\"never\">never</span> <span class=\"alarm\">false alarm</span> "
        "<span class=\"quiet\">quiet: the service went on</span> ?: nobody knows whether it "
        "did</p>",
        steps.size());
}

void append_map_entry(std::string& out, const MatrixRow& row, const MatrixEntry* entry) {
    if (entry == nullptr || entry->trials == 0) {
        put(out, R"(<td class="none">–</td>)");
        return;
    }
    put(out,
        R"(<td class="{}">{}<small>{}</small>)",
        colour_of(row, *entry),
        entry_text(row, *entry),
        bound_text(*entry));
    if (!entry->noticed.empty() && entry->false_alarms != 0) {
        put(out,
            R"(<small class="cried">false alarm in {} of {}</small>)",
            entry->false_alarms,
            entry->trials);
    }
    put(out, "</td>");
}

void append_decision(std::string& out, const MatrixRow& row, const std::string& decider) {
    const auto entry = row.deciders.find(decider);
    if (entry == row.deciders.end() || entry->second.trials == 0) {
        put(out, R"(<td class="none">–</td>)");
        return;
    }
    put(out,
        R"(<td class="{}">{}</td>)",
        colour_of(row, entry->second),
        decision_text(row, decider, entry->second));
}

/// The fewest observers that catch this fault; empty where there is nothing to catch.
std::string cheapest(const Matrix& matrix, const MatrixRow& row) {
    if (row.outages == 0) {
        return "";
    }
    const auto choice = matrix.each.find(row.label);
    return choice == matrix.each.end()
               ? "<b class=\"bad\">none</b>"
               : html(one_line(fmt::format("{}", fmt::join(choice->second.observers, " + "))));
}

/// "dead, hung; "
std::string harm_text(const MatrixRow& row) {
    return row.harm.empty() ? "" : html(one_line(fmt::format("{}; ", fmt::join(row.harm, ", "))));
}

void append_heat_map(std::string& out, const Matrix& matrix) {
    put(out, "<section class=\"matrix\"><h2>Faults against observers</h2>");
    append_map_legend(out);
    constexpr std::size_t fit_beside_the_text = 11;
    put(out,
        R"(<div class="wide{}"><table class="heat"><thead><tr><th>fault</th>)",
        matrix.observers.size() > fit_beside_the_text ? " broad" : "");
    for (const auto& total : matrix.observers) {
        put(out, "<th>{}</th>", column_name(total.observer));
    }
    put(out,
        "<th>cheapest that catches it within {}</th></tr></thead><tbody>",
        duration_text(matrix.within));
    for (std::size_t i = 0; i < matrix.rows.size(); ++i) {
        const auto& row = matrix.rows[i];
        put(out,
            R"(<tr{}><th><a href="#row-{}">{}</a><small>{}{} of {} proved</small></th>)",
            row.control ? " class=\"control\"" : "",
            i,
            html(one_line(row.label)),
            harm_text(row),
            row.proved,
            plural(row.trials.all(), "trial"));
        for (const auto& total : matrix.observers) {
            const auto entry = row.entries.find(total.observer);
            append_map_entry(out, row, entry == row.entries.end() ? nullptr : &entry->second);
        }
        put(out, "<td class=\"advice\">{}</td></tr>", cheapest(matrix, row));
    }
    put(out,
        "</tbody></table></div><p class=\"hint\">≤: upper bound of the median at 95 % (one order "
        "statistic; five trials are the fewest that have one). Only trials in which every fault "
        "was proved to act by another path are counted. True health "
        "is decided from several independent signs together, never from the management's "
        "word.</p></section>");
}

void append_deciders(std::string& out, const Matrix& matrix) {
    if (matrix.deciders.empty()) {
        return;
    }
    put(out,
        "<section class=\"matrix\"><h2>What would act on libvirt's word</h2><p "
        "class=\"hint\">These "
        "see nothing themselves: it is what they would conclude, by their own rules, of what "
        "libvirt said, if they asked at that moment. They ask more seldom.</p><div class=\"wide\">"
        "<table class=\"heat\"><thead><tr><th>fault</th>");
    for (const auto& total : matrix.deciders) {
        put(out, "<th>{}</th>", column_name(total.observer));
    }
    put(out, "</tr></thead><tbody>");
    for (const auto& row : matrix.rows) {
        put(out, "<tr><th>{}</th>", html(one_line(row.label)));
        for (const auto& total : matrix.deciders) {
            append_decision(out, row, total.observer);
        }
        put(out, "</tr>");
    }
    put(out, "</tbody></table></div></section>");
}

void append_total_table(std::string& out, const Matrix& matrix) {
    put(out,
        "<section><h2>Observers over all faults</h2><table class=\"totals\"><thead><tr>"
        "<th>observer</th><th class=\"num\">every time, in time</th><th class=\"num\">not every "
        "time</th><th class=\"num\">never</th><th class=\"num\">trials with a false alarm</th>"
        "<th class=\"num\">said alive of a harmed service</th><th class=\"num\">said dead of a "
        "serving one</th></tr></thead><tbody>");
    for (const auto* totals : {&matrix.observers, &matrix.deciders}) {
        for (const auto& total : *totals) {
            put(out,
                "<tr><th><code>{}</code></th><td class=\"num\">{} of {}</td>"
                "<td class=\"num\">{}</td><td class=\"num\">{}</td>"
                "<td class=\"num\">{} of {}</td><td class=\"num\">{}</td>"
                "<td class=\"num\">{}</td></tr>",
                html(one_line(total.observer)),
                total.always,
                total.faults,
                total.sometimes,
                total.never,
                total.false_alarms,
                total.trials,
                to_text(total.alive_impaired),
                to_text(total.false_dead));
        }
    }
    put(out, "</tbody></table></section>");
}

/// All outages of a row, of whomever they were noticed.
std::vector<OutageKey> outages_of(const MatrixRow& row) {
    std::map<OutageKey, bool> keys;
    for (const auto& [observer, entry] : row.entries) {
        for (const auto& [key, latency] : entry.noticed) {
            keys[key] = true;
        }
    }
    std::vector<OutageKey> sorted;
    sorted.reserve(keys.size());
    for (const auto& [key, known] : keys) {
        sorted.push_back(key);
    }
    return sorted;
}

void append_trials_behind(std::string& out,
                          const Matrix& matrix,
                          std::size_t index,
                          const fs::path& report) {
    const auto& row = matrix.rows[index];
    put(out,
        R"(<details class="behind" id="row-{}" open><summary>{} <a href="{}#cell-{}">report</a></summary>)",
        index,
        html(one_line(row.label)),
        link_target(report),
        row.cell);
    const auto outages = outages_of(row);
    if (outages.empty()) {
        put(out,
            "<p class=\"hint\">{}</p></details>",
            row.unclear == 0
                ? "The service went on in all trials."
                : "No harm was seen; how the service really was is not known all the time.");
        return;
    }
    put(out, "<div class=\"wide\"><table class=\"each\"><thead><tr><th>outage</th>");
    for (const auto& total : matrix.observers) {
        put(out, "<th class=\"num\">{}</th>", column_name(total.observer));
    }
    put(out, "</tr></thead><tbody>");
    for (const auto& key : outages) {
        put(out,
            R"(<tr><th><a href="{}#trial-{}">trial {}</a> <small>{}</small></th>)",
            link_target(report),
            key.trial,
            key.trial,
            html(one_line(key.domain)));
        for (const auto& total : matrix.observers) {
            const auto entry = row.entries.find(total.observer);
            const bool known = entry != row.entries.end() && entry->second.noticed.contains(key);
            const auto latency = known ? entry->second.noticed.at(key) : std::nullopt;
            put(out,
                "<td class=\"num\">{}</td>",
                !known    ? "–"
                : latency ? duration_text(*latency)
                          : "<span class=\"bad\">never</span>");
        }
        put(out, "</tr>");
    }
    put(out, "</tbody></table></div></details>");
}

}  // namespace

std::string matrix_html(const Matrix& matrix, const std::vector<fs::path>& reports) {
    std::string out;
    append_page_head(out, "Who notices what, and when");
    append_advice(out, matrix);
    append_heat_map(out, matrix);
    append_deciders(out, matrix);
    append_total_table(out, matrix);
    put(out, "<section><h2>The trials behind it</h2>");
    for (std::size_t i = 0; i < matrix.rows.size(); ++i) {
        append_trials_behind(out, matrix, i, reports[matrix.rows[i].run]);
    }
    put(out, "</section></body></html>\n");
    return out;
}

}  // namespace ordeal::reports
