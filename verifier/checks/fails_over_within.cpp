#include "core/check.hpp"
#include "verifier/service_story.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace ordeal::verifier {
namespace {

class FailsOverWithin : public Check {
  public:
    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& params) const override {
        const auto within = params.get<Duration>("within", std::chrono::seconds(10));
        const auto settled = params.get<Duration>("settled", std::chrono::seconds(1));
        Finding finding{.check = "fails_over_within", .subject = "service"};
        const auto requests = judged_requests(history);
        const bool served = std::ranges::any_of(requests, &Request::answered);
        if (!served) {
            finding.summary =
                requests.empty() ? "nobody sent a request" : "no request was ever answered";
            return {finding};
        }
        judge_outages(outages_of(requests, settled), requests.back().ended, within, finding);
        return {finding};
    }

  private:
    static void judge_outages(const std::vector<Outage>& outages,
                              Instant end,
                              Duration within,
                              Finding& finding) {
        Duration away{};
        const Outage* longest = nullptr;
        for (const auto& outage : outages) {
            away += outage.length(end);
            finding.evidence.push_back(text_of(outage, end));
            if (longest == nullptr || outage.length(end) > longest->length(end)) {
                longest = &outage;
            }
        }
        const auto length = longest == nullptr ? Duration{} : longest->length(end);
        finding.figures = {{"outage", length},
                           {"uncertainty", longest == nullptr ? Duration{} : longest->uncertainty},
                           {"away", away},
                           {"outages", static_cast<std::int64_t>(outages.size())}};
        if (longest == nullptr) {
            finding.verdict = Verdict::pass;
            finding.summary = "every request was answered";
        } else if (length > within) {
            finding.verdict = Verdict::fail;
            finding.summary = fmt::format("away for {}{}, longer than {}",
                                          longest->until ? "" : "more than ",
                                          to_text(length),
                                          to_text(within));
        } else if (!outages.back().until) {
            finding.summary = fmt::format(
                "not back {} after the last outage began, when the "
                "trial's load ended",
                to_text(outages.back().length(end)));
        } else {
            finding.verdict = Verdict::pass;
            finding.summary = fmt::format("away for {} (± {}){}",
                                          to_text(length),
                                          to_text(longest->uncertainty),
                                          outages.size() == 1 ? "" : " at the longest");
        }
    }
};

}  // namespace

std::unique_ptr<Check> checks_fails_over_within() {
    return std::make_unique<FailsOverWithin>();
}

}  // namespace ordeal::verifier
