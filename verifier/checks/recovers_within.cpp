#include "core/check.hpp"
#include "verifier/evidence.hpp"
#include "verifier/true_health.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace ordeal::verifier {
namespace {

class RecoversWithin : public Check {
  public:
    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& params) const override {
        const auto within = params.get<Duration>("within", std::chrono::seconds(30));
        std::vector<Finding> findings;
        for (const auto& domain : domains_of(history)) {
            findings.push_back(judge_domain(history, domain, within));
        }
        if (findings.empty()) {
            findings.push_back({.check = "recovers_within", .summary = "no domain was observed"});
        }
        return findings;
    }

  private:
    static Finding judge_domain(const History& history,
                                const std::string& domain,
                                Duration within) {
        Finding finding{.check = "recovers_within", .subject = domain};
        const Event* order = history.last(event::phase_begin, {}, phase::recover);
        const Event* back = history.last(event::recovered, {}, domain);
        if (order == nullptr) {
            finding.summary = "no recovery was attempted";
        } else if (back == nullptr || back->at < order->at) {
            judge_missing(history, *order, within, finding);
        } else {
            judge_times(history, *back, within, finding);
        }
        return finding;
    }

    /// The recovery did not end well. It failed if it had all the time it may take; an interrupted
    /// one says nothing.
    static void judge_missing(const History& history,
                              const Event& order,
                              Duration within,
                              Finding& finding) {
        const Event* ended = history.last(event::phase_end, {}, phase::recover);
        const auto waited = (ended != nullptr ? ended->at : history.end()) - order.at;
        finding.verdict = waited >= within ? Verdict::fail : Verdict::inconclusive;
        finding.summary = fmt::format("had not recovered after {}", to_text(waited));
        finding.evidence.push_back(fmt::format("recovery began at {}", stamp(order.at)));
        if (ended != nullptr && ended->data.has("error")) {
            finding.evidence.push_back(ended->data.get<std::string>("error"));
        }
    }

    static void judge_times(const History& history,
                            const Event& back,
                            Duration within,
                            Finding& finding) {
        const auto* agent = back.data.find<Duration>("agent_back");
        const auto* load = back.data.find<Duration>("load_back");
        if (agent == nullptr) {
            finding.summary = "the recovery says nothing about the agent";
            return;
        }
        const bool loaded = history.first(event::load_started, {}, finding.subject) != nullptr;
        finding.figures.set("agent_back", *agent);
        if (load != nullptr) {
            finding.figures.set("load_back", *load);
        }
        if (loaded && load == nullptr) {
            finding.verdict = Verdict::fail;
            finding.summary =
                fmt::format("the agent was back after {}, the load never", to_text(*agent));
            return;
        }
        const auto all = load != nullptr ? std::max(*agent, *load) : *agent;
        finding.figures.set("recovery", all);
        finding.verdict = all <= within ? Verdict::pass : Verdict::fail;
        finding.summary = fmt::format("back after {}{}",
                                      to_text(all),
                                      all <= within ? "" : ", later than " + to_text(within));
        finding.evidence.push_back(fmt::format("recovered at {}", stamp(back.at)));
    }
};

}  // namespace

std::unique_ptr<Check> checks_recovers_within() {
    return std::make_unique<RecoversWithin>();
}

}  // namespace ordeal::verifier
