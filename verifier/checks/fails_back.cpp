#include "core/check.hpp"
#include "verifier/evidence.hpp"
#include "verifier/service_story.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace ordeal::verifier {
namespace {

class FailsBack : public Check {
  public:
    std::vector<Finding> judge(const History& history,
                               const Experiment& experiment,
                               const Params& params) const override {
        const auto within = params.get<Duration>("within", std::chrono::seconds(30));
        Finding finding{.check = "fails_back", .subject = "service"};
        const auto* healed = history.last(event::fault_healed);
        const auto requests = judged_requests(history);
        const auto preferred = experiment.service && !experiment.service->members.empty()
                                   ? experiment.service->members.front()
                                   : std::string();
        if (healed == nullptr || preferred.empty()) {
            finding.summary = healed == nullptr ? "no fault was healed" : "nobody is preferred";
            return {finding};
        }
        judge_return(requests, preferred, healed->at, within, finding);
        return {finding};
    }

  private:
    static void judge_return(const std::vector<Request>& requests,
                             const std::string& preferred,
                             Instant healed,
                             Duration within,
                             Finding& finding) {
        const Request* other = nullptr;  // the last answer of another
        const Request* back = nullptr;   // the first of the preferred after that
        for (const auto& request : requests) {
            if (!request.answered()) {
                continue;
            }
            if (request.server != preferred) {
                other = &request;
                back = nullptr;
            } else if (back == nullptr) {
                back = &request;
            }
        }
        if (other == nullptr) {
            finding.summary = requests.empty() ? "nobody sent a request"
                                               : "nobody but " + preferred + " ever answered";
            return;
        }
        const auto end = std::max(requests.back().ended, healed);
        finding.evidence = {
            fmt::format("healed at {}", stamp(healed)),
            fmt::format("{} answered last at {}", other->server, stamp(other->ended))};
        if (back == nullptr) {
            const bool late = end - healed >= within;
            finding.verdict = late ? Verdict::fail : Verdict::inconclusive;
            finding.summary = fmt::format(
                "{} was not back {} after the healing", preferred, to_text(end - healed));
            return;
        }
        const auto took = std::max(Duration{}, back->ended - healed);
        finding.figures.set("failback", took);
        finding.evidence.push_back(
            fmt::format("{} answers from {} on", preferred, stamp(back->ended)));
        finding.verdict = took <= within ? Verdict::pass : Verdict::fail;
        finding.summary = fmt::format("{} was back {} after the healing{}",
                                      preferred,
                                      to_text(took),
                                      took <= within ? "" : ", later than " + to_text(within));
    }
};

}  // namespace

std::unique_ptr<Check> checks_fails_back() {
    return std::make_unique<FailsBack>();
}

}  // namespace ordeal::verifier
