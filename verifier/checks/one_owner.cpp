#include "core/check.hpp"
#include "verifier/evidence.hpp"
#include "verifier/service_story.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace ordeal::verifier {
namespace {

using namespace std::chrono_literals;

/// Nobody takes a service over and gives it back in this time.
constexpr Duration fastest_return = 1s;

Instant load_begin(const History& history) {
    const auto* load = history.first(event::phase_begin, {}, phase::load);
    return load == nullptr ? Instant{} : load->at;
}

Duration interval_of(const History& history) {
    const auto* first = history.first(event::service_owners);
    return first == nullptr ? Duration{} : first->data.get<Duration>("interval");
}

class OneOwner : public Check {
  public:
    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& /*params*/) const override {
        Finding finding{.check = "one_owner", .subject = "service"};
        const auto stretches = ownership_of(history);
        const bool owned = std::ranges::any_of(
            stretches, [](const Ownership& each) { return !each.owners.empty(); });
        if (!owned) {
            finding.summary = stretches.empty() ? "nobody asked who has the address"
                                                : "nobody ever had the address";
            return {finding};
        }
        const auto begin = load_begin(history);
        // More than one question, however late the second came.
        const auto proof = interval_of(history) * 3 / 2;
        Duration doubled{};
        std::int64_t times = 0;
        for (const auto& each : stretches) {
            if (each.owners.size() < 2 || each.until <= begin) {
                continue;
            }
            const bool proves = each.until - each.from >= proof;
            finding.evidence.push_back(fmt::format("{} to {}: {}{}",
                                                   stamp(each.from),
                                                   stamp(each.until),
                                                   fmt::join(each.owners, " and "),
                                                   proves ? "" : ", once, as in a handover"));
            doubled += proves ? each.until - each.from : Duration{};
            times += proves ? 1 : 0;
        }
        const auto mixed = mixed_answers(history, finding);
        finding.figures = {{"double_owned", doubled}, {"double_times", times}};
        conclude(doubled, times, mixed, finding);
        return {finding};
    }

  private:
    /// How often a server answered again right after another had.
    static std::int64_t mixed_answers(const History& history, Finding& finding) {
        const Request* other = nullptr;  // the last answer of another server than `last`
        const Request* last = nullptr;
        std::int64_t count = 0;
        const auto requests = judged_requests(history);
        for (const auto& request : requests) {
            if (!request.answered()) {
                continue;
            }
            if (last != nullptr && last->server != request.server) {
                const bool again = other != nullptr && other->server == request.server &&
                                   request.sent - other->sent < fastest_return;
                if (again && ++count == 1) {
                    finding.evidence.push_back(fmt::format("{}: {} answers, {} after {} did",
                                                           stamp(request.sent),
                                                           request.server,
                                                           to_text(request.sent - last->sent),
                                                           last->server));
                }
                other = last;
            }
            last = &request;
        }
        return count;
    }

    static void conclude(Duration doubled,
                         std::int64_t times,
                         std::int64_t mixed,
                         Finding& finding) {
        finding.verdict = times == 0 && mixed == 0 ? Verdict::pass : Verdict::fail;
        if (times != 0) {
            finding.summary = fmt::format("two had the address for {}{}",
                                          to_text(doubled),
                                          times == 1 ? "" : fmt::format(", {} times", times));
        } else {
            finding.summary = mixed == 0
                                  ? "never more than one had the address"
                                  : fmt::format("two servers answered in turn, {} times", mixed);
        }
    }
};

}  // namespace

std::unique_ptr<Check> checks_one_owner() {
    return std::make_unique<OneOwner>();
}

}  // namespace ordeal::verifier
