#include "reports/timeline.hpp"

#include "reports/escape.hpp"
#include "reports/summary.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

namespace ordeal::reports {
namespace {

constexpr double width = 1000;
constexpr double left = 175;   ///< names of the lanes
constexpr double right = 120;  ///< what came of each lane
constexpr double plot = width - left - right;
constexpr double top = 34;  ///< names of the faults
constexpr double pitch = 24;
constexpr double bar = 16;
constexpr double letter = 6.0;  ///< typical width of one at the size of the words in a bar

class Picture {
  public:
    explicit Picture(const Story& story) : story_(story) {
        const Duration margin =
            std::max<Duration>(story.judged.length() / 12, std::chrono::milliseconds(200));
        from_ = std::max(Instant{}, story.judged.from - margin);
        // Later the runner itself stops what still runs, and nobody's word counts.
        to_ = story.judged.to;
    }

    [[nodiscard]] bool empty() const {
        return to_ <= from_ || (story_.lanes.empty() && story_.health.empty());
    }

    std::string draw(std::span<const std::string> observers, const std::string& title) {
        for (const auto& health : story_.health) {
            draw_health(health);
        }
        for (const auto& observer : observers) {
            for (const auto& lane : story_.lanes) {
                if (lane.observer == observer) {
                    draw_lane(lane);
                }
            }
        }
        for (const auto& lane : story_.service) {
            draw_service(lane);
        }
        draw_progress();
        draw_console();
        const double height = y_ + 24;
        std::string faults = draw_faults();
        draw_axis();
        return fmt::format(
            R"(<svg class="timeline" viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">{}{}</svg>)",
            width,
            height,
            html(title),
            faults,
            body_);
    }

  private:
    template <class... Values>
    void put(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(body_), format, std::forward<Values>(values)...);
    }

    [[nodiscard]] double x(Instant at) const {
        const double part = seconds(std::clamp(at, from_, to_) - from_) / seconds(to_ - from_);
        return left + plot * part;
    }

    void name(std::string_view words) {
        put(R"(<text class="n" x="{}" y="{:.0f}">{}</text>)", left - 10, y_ + 12, html(words));
    }

    void outcome(std::string_view style, std::string_view words) {
        put(R"(<text class="{}" x="{}" y="{:.0f}">{}</text>)",
            style,
            width - right + 10,
            y_ + 12,
            html(words));
    }

    void span(const Span& what, std::string_view style, std::string_view words) {
        if (what.to <= from_ || what.from >= to_) {
            return;
        }
        const double begin = x(what.from);
        const double length = std::max(x(what.to) - begin, 1.0);
        put(R"(<rect class="{}" x="{:.1f}" y="{:.0f}" width="{:.1f}" height="{}">)",
            style,
            begin,
            y_,
            length,
            bar);
        put("<title>{}: {}, {}</title></rect>",
            html(what.state),
            html(what.words),
            duration_text(seconds(what.length())));
        const std::string text = one_line(words);
        if (static_cast<double>(text.size()) * letter + 10 < length) {
            put(R"(<text class="w" x="{:.1f}" y="{:.0f}">{}</text>)",
                begin + 5,
                y_ + 12,
                html(text));
        }
    }

    void draw_health(const Health& health) {
        name(story_.health.size() > 1 ? "true health " + health.domain : "true health");
        for (const auto& each : health.spans) {
            const auto known = each.state == "serving" || each.state == "degraded" ||
                               each.state == "hung" || each.state == "dead";
            span(each, "h " + (known ? each.state : "unknown"), each.state);
        }
        y_ += pitch + 6;
    }

    void draw_lane(const Lane& lane) {
        name(story_.health.size() > 1 ? lane.observer + " " + lane.domain : lane.observer);
        for (const auto& each : lane.spans) {
            const std::string style(name_of(opinion_from(each.state)));
            span(each, style, each.words);
        }
        for (const auto* wrong : {&lane.false_alive, &lane.false_dead}) {
            for (const auto& each : *wrong) {
                put(R"(<rect class="wrong" x="{:.1f}" y="{:.0f}" width="{:.1f}" height="4"/>)",
                    x(each.from),
                    y_ + bar,
                    std::max(x(each.to) - x(each.from), 1.5));
            }
        }
        std::string came_of_it;
        bool bad = false;
        for (const auto& noticed : lane.noticed) {
            came_of_it += came_of_it.empty() ? "" : ", ";
            came_of_it += noticed ? "+" + to_text(*noticed) : "never";
            bad = bad || !noticed;
        }
        if (came_of_it.empty() && !lane.false_dead.empty()) {
            came_of_it = "false alarm";
            bad = true;
        }
        outcome(bad ? "o bad" : "o", came_of_it);
        y_ += pitch;
    }

    void draw_service(const ServiceLane& lane) {
        name(lane.name);
        for (const auto& each : lane.spans) {
            span(each, each.state, each.words);
        }
        outcome("o", lane.outcome);
        y_ += pitch;
    }

    /// A step curve with at most one step per unit of width.
    void draw_progress() {
        if (story_.acknowledged.empty()) {
            return;
        }
        const auto total =
            static_cast<double>(std::max<std::int64_t>(1, story_.acknowledged.back().total));
        y_ += 4;
        name("acknowledged");
        std::string path = fmt::format("M{:.0f} {:.0f}", x(from_), y_ + bar);
        double last = -1;
        for (const auto& point : story_.acknowledged) {
            const double at = x(point.at);
            if (at - last < 2 && &point != &story_.acknowledged.back()) {
                continue;
            }
            last = at;
            const double height = bar * static_cast<double>(point.total) / total;
            fmt::format_to(std::back_inserter(path), "H{:.0f}V{:.1f}", at, y_ + bar - height);
        }
        fmt::format_to(std::back_inserter(path), "H{:.0f}V{:.0f}z", x(to_), y_ + bar);
        put(R"(<path class="load" d="{}"/>)", path);
        outcome("o", plural(static_cast<std::size_t>(story_.acknowledged.back().total), "record"));
        y_ += pitch;
    }

    void draw_console() {
        bool named = false;
        for (const auto* remark : story_.remarks) {
            if (remark->kind != event::console || remark->at < from_ || remark->at > to_) {
                continue;
            }
            if (!named) {
                name("console");
                named = true;
            }
            const double at = x(remark->at);
            put(R"(<path class="said" d="M{:.1f} {:.0f}l4 4-4 4-4-4z"><title>{}</title></path>)",
                at,
                y_ + 4,
                html(remark->data.get<std::string>("line")));
            const auto text = remark->data.get<std::string>("class");
            if (at + static_cast<double>(text.size()) * letter + 10 < width - right) {
                put(R"(<text class="w" x="{:.1f}" y="{:.0f}">{}</text>)",
                    at + 8,
                    y_ + 12,
                    html(text));
            }
        }
        y_ += named ? pitch : 0;
    }

    /// Behind the lanes, so it is put before them.
    std::string draw_faults() {
        std::string lanes;
        std::swap(lanes, body_);
        double label_y = 12;
        for (const auto& fault : story_.faults) {
            const auto begin = fault.injected ? fault.injected : fault.injecting;
            if (!begin) {
                continue;
            }
            const Instant end = fault.healing.value_or(to_);
            put(R"(<rect class="fault" x="{:.1f}" y="20" width="{:.1f}" height="{:.0f}"/>)",
                x(*begin),
                std::max(x(end) - x(*begin), 1.0),
                y_ - 18);
            put(R"(<path class="fault" d="M{:.1f} 16V{:.0f}"/>)", x(*begin), y_ + 2);
            const bool late = x(*begin) > left + plot * 0.7;
            put(R"(<text class="f" x="{:.1f}" y="{}" text-anchor="{}">{} at {:.2f} s{}</text>)",
                x(*begin),
                label_y,
                late ? "end" : "start",
                html(one_line(fault.kind)),
                seconds(*begin),
                fault.active ? "" : ", not seen to act");
            if (fault.healing && fault.healed) {
                put(R"(<path class="heal" d="M{:.1f} 20V{:.0f}"/>)", x(*fault.healing), y_ + 2);
            }
            label_y = label_y > 12 ? 12 : 26;
        }
        std::swap(lanes, body_);
        return lanes;
    }

    void draw_axis() {
        const double range = seconds(to_ - from_);
        double step = std::pow(10, std::floor(std::log10(range / 4)));
        step *= range / step > 20 ? 5 : range / step > 8 ? 2 : 1;
        put(R"(<path class="axis" d="M{} {:.0f}H{}"/>)", left, y_ + 2, width - right);
        for (double tick = std::ceil(seconds(from_) / step) * step; tick <= seconds(to_);
             tick += step) {
            const double at = left + plot * (tick - seconds(from_)) / range;
            put(R"(<path class="axis" d="M{0:.1f} {1:.0f}v4"/>)", at, y_ + 2);
            put(R"(<text class="t" x="{:.1f}" y="{:.0f}">{:g} s</text>)", at, y_ + 18, tick);
        }
    }

    const Story& story_;
    Instant from_{};
    Instant to_{};
    double y_ = top;
    std::string body_;
};

}  // namespace

std::string timeline_svg(const Story& story,
                         std::span<const std::string> observers,
                         const std::string& title) {
    Picture picture(story);
    return picture.empty() ? std::string() : picture.draw(observers, title);
}

}  // namespace ordeal::reports
