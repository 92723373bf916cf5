#include "reports/crash_states.hpp"

#include "reports/escape.hpp"
#include "reports/put.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ordeal::reports {
namespace {

constexpr std::string_view check = "every_crash_state";

std::int64_t number(const Fields& facts, std::string_view name) {
    return facts.get<std::int64_t>(name);
}

/// Splits at `separator`, into at most `most` parts.
std::vector<std::string> parts_of(std::string_view text,
                                  std::string_view separator,
                                  std::size_t most) {
    std::vector<std::string> parts;
    while (parts.size() + 1 < most) {
        const auto end = text.find(separator);
        if (end == std::string_view::npos) {
            break;
        }
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end + separator.size());
    }
    parts.emplace_back(text);
    parts.resize(most);
    return parts;
}

std::int64_t integer(const std::string& text) {
    return std::strtoll(text.c_str(), nullptr, 10);
}

/// What keeps the figures from being about all states.
void append_limits(std::vector<std::pair<std::string, std::string>>& lines, const Fields& facts) {
    if (const auto judge = facts.get<std::string>("sampled_by"); !judge.empty()) {
        lines.emplace_back("a sample only", "judged by " + judge);
    }
    for (const auto& caveat : facts.get<std::vector<std::string>>("caveats")) {
        lines.emplace_back("caveat", caveat);
    }
}

}  // namespace

std::string bad_text(const Fields& facts) {
    std::vector<std::string> parts;
    const auto bad = facts.get<std::string>("bad", "0");
    const auto recovery = facts.get<std::string>("bad_recovery", "0");
    if (bad != "0" || (number(facts, "bad_leaves") != 0 && recovery == "0")) {
        parts.push_back(
            fmt::format("{}{} states", facts.get<bool>("bad_exact", true) ? "" : "about ", bad));
    }
    if (recovery != "0") {
        parts.push_back(recovery + " crashes during recovery");
    }
    if (const auto condemned = number(facts, "oracle_bad"); condemned != 0) {
        parts.push_back(fmt::format(
            "{} of {} sampled, by the oracle", condemned, number(facts, "oracle_shown")));
    }
    if (number(facts, "disagreements") != 0) {
        parts.emplace_back("our engine and e2fsck disagree");
    }
    return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<const Event*> explorations(const TrialRecord& trial) {
    return trial.history.of(event::examined, check);
}

std::vector<std::pair<std::string, std::string>> crash_lines(const Fields& facts) {
    const bool complete = facts.get<bool>("complete");
    std::vector<std::pair<std::string, std::string>> lines;
    lines.emplace_back("crash states",
                       fmt::format("{} of {} covered, {}",
                                   facts.get<std::string>("covered"),
                                   facts.get<std::string>("possible"),
                                   complete ? "complete" : "partial"));
    append_limits(lines, facts);
    lines.emplace_back("bad", bad_text(facts));
    if (number(facts, "recovery_runs") != 0) {
        lines.emplace_back("crashes during recovery",
                           fmt::format("{} of {} covered, {} bad",
                                       facts.get<std::string>("recovery_covered"),
                                       facts.get<std::string>("recovery_possible"),
                                       facts.get<std::string>("bad_recovery")));
    }
    lines.emplace_back("fault", facts.get<std::string>("fault"));
    lines.emplace_back("epochs",
                       fmt::format("{} flushes in {}; {} instants{}",
                                   number(facts, "epochs"),
                                   to_text(facts.get<Duration>("recorded")),
                                   number(facts, "instants"),
                                   complete ? ""
                                            : fmt::format(", {} of them partial",
                                                          number(facts, "partial_instants"))));
    lines.emplace_back("atoms",
                       fmt::format("{} of {}, summed over instants",
                                   number(facts, "atoms"),
                                   to_text(facts.get<Bytes>("sector"))));
    lines.emplace_back("runs",
                       fmt::format("{}, and {} of crashes during recovery; {} bad, {} not judged",
                                   number(facts, "runs"),
                                   number(facts, "recovery_runs"),
                                   number(facts, "bad_leaves"),
                                   number(facts, "unjudged_leaves")));
    lines.emplace_back("recovered images",
                       fmt::format("{} unique; e2fsck ruled on {} of them and on {} raw ones, "
                                   "disagreeing in {}",
                                   number(facts, "unique_images"),
                                   number(facts, "refereed"),
                                   number(facts, "refereed_raw"),
                                   number(facts, "disagreements")));
    lines.emplace_back("acknowledged writes",
                       fmt::format("{}; {} promises checked, {} broken",
                                   number(facts, "acknowledged"),
                                   number(facts, "promises_checked"),
                                   number(facts, "promises_broken")));
    if (facts.has("oracle_shown")) {
        lines.emplace_back("oracle",
                           fmt::format("shown {} states, a sample; condemned {}",
                                       number(facts, "oracle_shown"),
                                       number(facts, "oracle_bad")));
    }
    lines.emplace_back("time", to_text(facts.get<Duration>("took")));
    lines.emplace_back("trace",
                       fmt::format("{}, {} events{}",
                                   facts.get<std::string>("trace"),
                                   number(facts, "events"),
                                   facts.get<bool>("cut") ? ", cut at its end" : ""));
    return lines;
}

std::vector<ToldBadState> bad_states(const Fields& facts) {
    std::vector<ToldBadState> states;
    for (const auto& text : facts.get<std::vector<std::string>>("bad_states")) {
        const auto parts = parts_of(text, " | ", 6);
        states.push_back(
            {parts[0], Duration(integer(parts[1])), parts[2], parts[3], parts[4], parts[5]});
    }
    return states;
}

namespace {

struct Column {
    std::int64_t in_flight = 0;
    std::int64_t flushes = 0;
    std::string mark;
};

constexpr double width = 1000;
constexpr double left = 110;
constexpr double right = 20;
constexpr double plot = width - left - right;
constexpr double floor_y = 104;  ///< where the columns stand
constexpr double tall = 80;
constexpr double flush_y = 112;
constexpr double flush_tall = 14;
constexpr double mark_y = 144;

std::vector<Column> columns_of(const Fields& facts) {
    std::vector<Column> columns;
    for (const auto& text : facts.get<std::vector<std::string>>("picture")) {
        auto parts = parts_of(text, ", ", 3);
        columns.push_back({integer(parts[0]), integer(parts[1]), std::move(parts[2])});
    }
    return columns;
}

void draw_column(std::string& svg, const Column& column, double x, double wide, double most) {
    if (column.mark != "none" && !column.mark.empty()) {
        const double high =
            std::max(2.0, tall * static_cast<double>(column.in_flight) / std::max(most, 1.0));
        put(svg,
            R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">)"
            "<title>{} atoms in flight, {} flushes: {}</title></rect>",
            html(column.mark),
            x,
            floor_y - high,
            wide - 1,
            high,
            column.in_flight,
            column.flushes,
            html(column.mark));
    }
    if (column.mark == "bad") {
        put(svg, R"(<text class="bad" x="{:.1f}" y="{}">✕</text>)", x + wide / 2, mark_y);
    } else if (column.mark == "partial") {
        put(svg, R"(<text class="partial" x="{:.1f}" y="{}">?</text>)", x + wide / 2, mark_y);
    }
}

void draw_names(std::string& svg, std::int64_t most, std::int64_t flushes) {
    const auto name = [&](double y, const std::string& words) {
        put(svg, R"(<text class="n" x="{}" y="{}">{}</text>)", left - 8, y, words);
    };
    name(floor_y - tall + 8, fmt::format("{}", most));
    name(floor_y - tall / 2 + 4, "in flight");
    name(floor_y, "0");
    name(flush_y + 11, fmt::format("{} flushes", flushes));
    name(mark_y, "bad states");
}

void draw_axis(std::string& svg, Duration begin, Duration end) {
    constexpr int steps = 5;
    for (int step = 0; step <= steps; ++step) {
        const double x = left + plot * step / steps;
        put(svg,
            R"(<path class="grid" d="M{0:.1f} {1}v{2}"/><text class="t" x="{0:.1f}" y="164" text-anchor="{3}">{4}</text>)",
            x,
            floor_y - tall,
            tall,
            step == steps ? "end" : "middle",
            (step == 0 ? "first write, " : "") + to_text(begin + (end - begin) * step / steps));
    }
}

}  // namespace

std::string crash_svg(const Fields& facts, std::string_view title) {
    const auto columns = columns_of(facts);
    if (columns.empty()) {
        return {};
    }
    std::int64_t most = 0;
    std::int64_t most_flushes = 0;
    for (const auto& column : columns) {
        most = std::max(most, column.in_flight);
        most_flushes = std::max(most_flushes, column.flushes);
    }
    std::string svg =
        fmt::format(R"(<svg class="crash" viewBox="0 0 {} 170" role="img" aria-label="{}">)",
                    width,
                    html(title));
    draw_axis(svg, facts.get<Duration>("first_write"), facts.get<Duration>("recorded"));
    const double wide = plot / static_cast<double>(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const double x = left + wide * static_cast<double>(i);
        draw_column(svg, columns[i], x, wide, static_cast<double>(most));
        if (columns[i].flushes != 0) {
            const double share =
                static_cast<double>(columns[i].flushes) / static_cast<double>(most_flushes);
            put(svg,
                R"(<rect class="flush" x="{:.1f}" y="{}" width="{:.1f}" height="{}" fill-opacity="{:.2f}"/>)",
                x,
                flush_y,
                wide - 1,
                flush_tall,
                0.25 + 0.75 * share);
        }
    }
    draw_names(svg, most, number(facts, "epochs"));
    return svg + "</svg>";
}

void append_exploration(std::string& out, const Event& exploration) {
    const auto& facts = exploration.data;
    const auto disk = facts.get<std::string>("disk");
    const auto subject = disk.empty() ? exploration.subject : exploration.subject + "/" + disk;
    put(out,
        R"(<section class="crash"><h4>Crash states of <code>{}</code></h4><div class="wide">{}</div>)",
        html(subject),
        crash_svg(facts, "Crash states of " + subject + " over the recording"));
    put(out,
        R"(<p class="legend"><span><svg viewBox="0 0 22 12"><rect class="sound" width="22" height="12"/></svg>all sound</span>)"
        R"(<span><svg viewBox="0 0 22 12"><rect class="partial" width="22" height="12"/></svg>? not all covered</span>)"
        R"(<span><svg viewBox="0 0 22 12"><rect class="bad" width="22" height="12"/></svg>✕ some bad</span>)"
        R"(<span><svg viewBox="0 0 22 12"><rect class="flush" width="22" height="12"/></svg>flushes completed</span></p>)");
    put(out, "<div class=\"columns\"><table>");
    for (const auto& [name, text] : crash_lines(facts)) {
        put(out, "<tr><td>{}</td><td>{}</td></tr>", html(name), html(text));
    }
    put(out, "</table>");
    const auto states = bad_states(facts);
    if (!states.empty()) {
        put(out,
            "<table class=\"states\"><caption>Bad states; <code>ordeal explore TRACE --base BASE "
            "--state ID --write-image FILE</code> makes one again, under the same rules (--fault, "
            "--cache, --format, --damage, --lying-flushes)</caption>");
        for (const auto& state : states) {
            put(out,
                R"(<tr><td>{}</td><td class="num">{}</td><td><code>{}</code>{}<small>{} states: {}</small></td></tr>)",
                html(state.kind),
                to_text(state.time),
                html(state.id),
                state.least == state.id
                    ? ""
                    : "<small>with fewest writes: <code>" + html(state.least) + "</code></small>",
                html(state.states),
                html(state.words));
        }
        put(out, "</table>");
    }
    put(out, "</div></section>");
}

}  // namespace ordeal::reports
