#include "reports/strip.hpp"

#include "reports/escape.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <map>

namespace ordeal::reports {
namespace {

constexpr double plot = 330;        ///< width of the scale
constexpr double never_from = 345;  ///< the field of those who never noticed
constexpr double width = 400;
constexpr double height = 30;
constexpr double heap_width = 4;
constexpr std::size_t most_dots = 200;  ///< more are drawn in heaps

double x(double latency, StripScale scale) {
    const double decade = std::log10(std::max(latency, 1e-9));
    const double part = (decade - scale.first_decade) / (scale.last_decade - scale.first_decade);
    return 4 + (plot - 8) * std::clamp(part, 0.0, 1.0);
}

/// Dots at one place are spread over the height, in an order that looks like none.
double y(std::size_t index) {
    return 7 + static_cast<double>(index * 7 % 17);
}

/// A dot for each trial, with its link.
void append_dots(std::string& svg, const ObserverSummary& observer, StripScale scale) {
    for (std::size_t i = 0; i < observer.sightings.size(); ++i) {
        const auto& [trial, latency] = observer.sightings[i];
        fmt::format_to(
            std::back_inserter(svg),
            R"(<a href="#trial-{0}"><circle class="{1}" cx="{2:.1f}" cy="{3:.0f}" r="3">)"
            "<title>trial {0}: {4}</title></circle></a>",
            trial,
            latency ? "dot" : "dot bad",
            latency ? x(*latency, scale) : never_from + 8 + static_cast<double>(i * 11 % 40),
            y(i),
            latency ? duration_text(*latency) : "never noticed");
    }
}

/// So many trials that dots would hide one another: how many fall on each place.
void append_heaps(std::string& svg, const ObserverSummary& observer, StripScale scale) {
    std::map<double, std::size_t> heaps;
    for (const double latency : observer.latencies.measured) {
        ++heaps[std::floor(x(latency, scale) / heap_width) * heap_width];
    }
    std::size_t most = observer.latencies.censored;
    for (const auto& [at, count] : heaps) {
        most = std::max(most, count);
    }
    const auto tall = [&](std::size_t count) {
        return std::max(1.0, 26 * static_cast<double>(count) / static_cast<double>(most));
    };
    const auto draw = [&](const char* style, double at, double wide, std::size_t count) {
        fmt::format_to(
            std::back_inserter(svg),
            R"(<rect class="{}" x="{:.0f}" y="{:.1f}" width="{:.0f}" height="{:.1f}"><title>{}</title></rect>)",
            style,
            at,
            28 - tall(count),
            wide,
            tall(count),
            plural(count, "trial"));
    };
    for (const auto& [at, count] : heaps) {
        draw("dot", at, heap_width - 1, count);
    }
    if (observer.latencies.censored != 0) {
        draw("dot bad", never_from + 14, 26, observer.latencies.censored);
    }
}

}  // namespace

StripScale scale_for(const std::vector<ObserverSummary>& observers) {
    double least = 0;
    double most = 0;
    for (const auto& observer : observers) {
        for (const double latency : observer.latencies.measured) {
            if (latency > 0) {
                least = least > 0 ? std::min(least, latency) : latency;
            }
            most = std::max(most, latency);
        }
    }
    StripScale scale;
    if (least > 0) {
        scale.first_decade = std::max(-6, static_cast<int>(std::floor(std::log10(least))));
        scale.last_decade = static_cast<int>(std::ceil(std::log10(most)));
    }
    scale.last_decade = std::max(scale.last_decade, scale.first_decade + 2);
    return scale;
}

std::string strip_axis_svg(StripScale scale) {
    std::string svg =
        fmt::format(R"(<svg class="strip" viewBox="0 0 {} 16" aria-hidden="true">)", width);
    for (int decade = scale.first_decade; decade <= scale.last_decade; ++decade) {
        const double latency = std::pow(10, decade);
        const char* anchor = decade == scale.first_decade  ? "start"
                             : decade == scale.last_decade ? "end"
                                                           : "middle";
        fmt::format_to(std::back_inserter(svg),
                       R"(<text class="t" x="{:.0f}" y="12" text-anchor="{}">{}</text>)",
                       x(latency, scale),
                       anchor,
                       duration_text(latency));
    }
    return svg + fmt::format(R"(<text class="t" x="{}" y="12">never</text></svg>)",
                             (never_from + width) / 2);
}

std::string strip_svg(const ObserverSummary& observer, StripScale scale) {
    const auto median = statistics::quantile(observer.latencies, 0.5);
    std::string svg = fmt::format(
        R"(<svg class="strip" viewBox="0 0 {} {}" role="img" aria-label="{}: {} of {} noticed">)",
        width,
        height,
        html(observer.observer),
        observer.noticed(),
        observer.sightings.size());
    auto out = std::back_inserter(svg);
    std::string grid;
    for (int decade = scale.first_decade; decade <= scale.last_decade; ++decade) {
        fmt::format_to(std::back_inserter(grid), "M{:.0f} 0v30", x(std::pow(10, decade), scale));
    }
    fmt::format_to(out, R"(<path class="grid" d="{}"/>)", grid);
    fmt::format_to(out,
                   R"(<rect class="never" x="{}" y="1" width="{}" height="28"/>)",
                   never_from,
                   width - never_from - 1);
    if (median.low && median.high) {
        fmt::format_to(out,
                       R"(<rect class="ci" x="{:.1f}" y="2" width="{:.1f}" height="26"/>)",
                       x(*median.low, scale),
                       std::max(x(*median.high, scale) - x(*median.low, scale), 1.0));
    }
    if (observer.sightings.size() <= most_dots) {
        append_dots(svg, observer, scale);
    } else {
        append_heaps(svg, observer, scale);
    }
    if (median.value) {
        fmt::format_to(out, R"(<path class="median" d="M{:.1f} 1v28"/>)", x(*median.value, scale));
    }
    return svg + "</svg>";
}

}  // namespace ordeal::reports
