#include "core/check.hpp"
#include "verifier/evidence.hpp"
#include "verifier/opinions.hpp"
#include "verifier/true_health.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <numeric>

namespace ordeal::verifier {
namespace {

constexpr Duration default_within = std::chrono::seconds(2);

Duration total(const std::vector<Span>& spans) {
    return std::accumulate(
        spans.begin(), spans.end(), Duration{}, [](Duration sum, const Span& span) {
            return sum + span.length();
        });
}

Duration longest(const std::vector<Span>& spans) {
    Duration most{};
    for (const auto& span : spans) {
        most = std::max(most, span.length());
    }
    return most;
}

struct Outcome {
    Verdict verdict = Verdict::inconclusive;
    std::string summary;
};

/// A guest on a busy host stalls now and then for a moment. Nobody has to notice that; a fault, and
/// what lasts, must be noticed.
bool must_be_noticed(const Outage& outage, Duration within) {
    return !outage.cause.empty() || outage.span.length() > within;
}

Outcome judge_agrees(const Agreement& seen, Duration within) {
    std::optional<Duration> worst;
    for (std::size_t i = 0; i < seen.outages.size(); ++i) {
        const auto down = seen.outages[i].span.length();
        if (!must_be_noticed(seen.outages[i], within)) {
            continue;
        }
        if (!seen.detected[i] && down <= within) {
            return {Verdict::inconclusive,
                    fmt::format("was not asked long enough: down for only {}", to_text(down))};
        }
        if (!seen.detected[i]) {
            return {Verdict::fail, fmt::format("never noticed in {}", to_text(down))};
        }
        worst = std::max(worst.value_or(Duration{}), *seen.detected[i]);
    }
    if (worst && *worst > within) {
        return {Verdict::fail,
                fmt::format("noticed after {}, later than {}", to_text(*worst), to_text(within))};
    }
    if (longest(seen.false_alive) > within) {
        return {Verdict::fail,
                fmt::format("said alive for {} of an outage", to_text(longest(seen.false_alive)))};
    }
    if (longest(seen.false_dead) > within) {
        return {Verdict::fail,
                fmt::format("said dead for {} while the domain was serving",
                            to_text(longest(seen.false_dead)))};
    }
    if (seen.unknown > within) {
        return {Verdict::inconclusive,
                fmt::format("true health is unknown for {}", to_text(seen.unknown))};
    }
    if (worst) {
        return {Verdict::pass, fmt::format("noticed after {}", to_text(*worst))};
    }
    if (seen.serving == Duration{}) {
        return {Verdict::inconclusive, "no time in which the domain was known to serve or not"};
    }
    return {Verdict::pass, fmt::format("agreed; the domain served for {}", to_text(seen.serving))};
}

Outcome judge_false_alive(const Agreement& seen, Duration within) {
    Outcome outcome{Verdict::inconclusive,
                    fmt::format("the domain was never down for longer than {}", to_text(within))};
    for (std::size_t i = 0; i < seen.outages.size(); ++i) {
        const auto down = seen.outages[i].span.length();
        if (down <= within) {
            continue;
        }
        if (seen.detected[i]) {
            return {Verdict::fail,
                    fmt::format("noticed after {}, although it was expected not to",
                                to_text(*seen.detected[i]))};
        }
        const auto alive = seen.said_alive[i];
        if (alive <= within || down - alive > within) {
            return {Verdict::inconclusive,
                    fmt::format("said nothing for {} of an outage of {}",
                                to_text(down - alive),
                                to_text(down))};
        }
        outcome = {Verdict::pass,
                   fmt::format("said alive for {} of the {} of the outage, and never anything "
                               "else, as expected",
                               alive == down ? "all" : to_text(alive),
                               to_text(down))};
    }
    return outcome;
}

Outcome judge_false_dead(const Agreement& seen, Duration within) {
    const auto most = longest(seen.false_dead);
    if (most > within) {
        return {Verdict::pass,
                fmt::format("said dead for {} while the domain was serving, as expected",
                            to_text(most))};
    }
    if (seen.serving <= within) {
        return {Verdict::inconclusive,
                fmt::format("the domain never served for longer than {}", to_text(within))};
    }
    return {Verdict::fail,
            fmt::format("said dead for {} while the domain was serving, although more than {} was "
                        "expected",
                        to_text(most),
                        to_text(within))};
}

Outcome judge_expectation(const Agreement& seen, const Params& params) {
    const auto within = params.get<Duration>("within", default_within);
    const auto expect = params.get<std::string>("expect", "agrees");
    if (!seen.observed) {
        return {Verdict::inconclusive, "said nothing in the judged time"};
    }
    if (expect == "false_alive") {
        return judge_false_alive(seen, within);
    }
    return expect == "false_dead" ? judge_false_dead(seen, within) : judge_agrees(seen, within);
}

std::vector<std::string> evidence_of(const Agreement& seen,
                                     const HealthTimeline& health,
                                     const Span& judged) {
    std::vector<std::string> lines{
        fmt::format("judged from {} to {}", stamp(judged.from), stamp(judged.to))};
    for (const auto& outage : seen.outages) {
        lines.push_back(fmt::format("down from {} (uncertain by {}{}) to {}",
                                    stamp(outage.span.from),
                                    to_text(outage.uncertainty),
                                    outage.cause.empty() ? "" : ", fault " + outage.cause,
                                    stamp(outage.span.to)));
    }
    for (const auto& interval : health) {
        if (interval.to <= judged.from || interval.from >= judged.to ||
            interval.grade == Health::serving) {
            continue;
        }
        for (const auto& words : interval.evidence) {
            lines.push_back(fmt::format("{}: {}", name_of(interval.grade), words));
        }
    }
    for (const auto& span : seen.false_alive) {
        lines.push_back(fmt::format("false-alive {} to {}", stamp(span.from), stamp(span.to)));
    }
    for (const auto& span : seen.false_dead) {
        lines.push_back(fmt::format("false-dead {} to {}", stamp(span.from), stamp(span.to)));
    }
    return lines;
}

Fields figures_of(const Agreement& seen, Duration within) {
    Fields figures{{"false_alive", total(seen.false_alive)},
                   {"false_dead", total(seen.false_dead)}};
    bool missed = false;
    std::optional<Duration> worst;
    for (std::size_t i = 0; i < seen.outages.size(); ++i) {
        const auto& detected = seen.detected[i];
        if (must_be_noticed(seen.outages[i], within)) {
            missed = missed || !detected;
            worst = detected ? std::max(worst.value_or(Duration{}), *detected) : worst;
        }
    }
    figures.set("missed", missed);
    if (worst) {
        figures.set("detection_latency", *worst);
    }
    return figures;
}

class StateAgrees : public Check {
  public:
    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& params) const override {
        const auto domains = domains_of(history);
        const auto observers = params.get<std::vector<std::string>>("observers");
        std::vector<Finding> findings;
        for (const auto& domain : domains) {
            const auto health = true_health(history, domain);
            for (const auto& who : speakers(observers, params)) {
                const auto subject = fmt::format("{}", fmt::join(who, " + "));
                findings.push_back(judge_one(history, who, domain, health, params));
                findings.back().subject =
                    domains.size() == 1 ? subject : fmt::format("{} of {}", subject, domain);
            }
        }
        if (findings.empty()) {
            findings.push_back(finding(Verdict::inconclusive, "no domain was observed"));
        }
        return findings;
    }

  private:
    static Finding finding(Verdict verdict, std::string summary) {
        return {.check = "state_agrees", .verdict = verdict, .summary = std::move(summary)};
    }

    /// Those who are judged as one.
    static std::vector<std::vector<std::string>> speakers(const std::vector<std::string>& observers,
                                                          const Params& params) {
        if (params.get<bool>("together", false)) {
            return {observers};
        }
        std::vector<std::vector<std::string>> alone;
        alone.reserve(observers.size());
        for (const auto& observer : observers) {
            alone.push_back({observer});
        }
        return alone;
    }

    static Finding judge_one(const History& history,
                             const std::vector<std::string>& who,
                             const std::string& domain,
                             const HealthTimeline& health,
                             const Params& params) {
        const auto judged = judged_span(history, domain);
        const auto name = fmt::format("{}", fmt::join(who, " + "));
        if (!judged) {
            return finding(Verdict::inconclusive, name + ": the load phase was not reached");
        }
        const bool degraded_too = params.get<std::string>("harm", "outage") == "any";
        const auto harm = degraded_too ? Harm::any : Harm::outage;
        const auto seen = compare(history, who, domain, health, {*judged, harm});
        const auto outcome = judge_expectation(seen, params);
        auto result = finding(outcome.verdict, name + " " + outcome.summary);
        result.evidence = evidence_of(seen, health, *judged);
        if (seen.observed) {
            result.figures = figures_of(seen, params.get<Duration>("within", default_within));
            result.figures.set("expected", params.get<std::string>("expect", "agrees"));
        }
        return result;
    }
};

}  // namespace

std::unique_ptr<Check> checks_state_agrees() {
    return std::make_unique<StateAgrees>();
}

}  // namespace ordeal::verifier
