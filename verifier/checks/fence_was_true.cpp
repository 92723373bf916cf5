#include "core/check.hpp"
#include "verifier/evidence.hpp"
#include "verifier/service_story.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace ordeal::verifier {
namespace {

class FenceWasTrue : public Check {
  public:
    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& params) const override {
        const auto grace = params.get<Duration>("grace", std::chrono::milliseconds(300));
        const auto takeovers = takeovers_of(history);
        std::vector<Finding> findings;
        for (const auto& takeover : takeovers) {
            // One that fails back hands over of its own accord: it was silent once already.
            const bool returned = std::ranges::any_of(takeovers, [&](const Takeover& earlier) {
                return earlier.at < takeover.at && earlier.to == takeover.from;
            });
            if (!returned) {
                findings.push_back(judge_one(history, takeover, grace));
            }
        }
        if (findings.empty()) {
            findings.push_back({.check = "fence_was_true",
                                .subject = "service",
                                .summary = "nobody took the service over"});
        }
        return findings;
    }

  private:
    static Finding judge_one(const History& history, const Takeover& takeover, Duration grace) {
        Finding finding{.check = "fence_was_true", .subject = takeover.from};
        finding.evidence.push_back(
            fmt::format("{} took over at {}", takeover.to, stamp(takeover.at)));
        const auto rebooted = boot_after(history, takeover);
        const auto end = rebooted.value_or(Instant::max());
        const auto life = last_life(history, takeover, end);
        if (life && *life > takeover.at + grace) {
            finding.verdict = Verdict::fail;
            finding.figures.set("alive_after", Duration(*life - takeover.at));
            finding.summary = fmt::format(
                "still alive {} after {} took over", to_text(*life - takeover.at), takeover.to);
            finding.evidence.push_back(fmt::format("its last sign of life: {}", stamp(*life)));
        } else if (rebooted) {
            finding.verdict = Verdict::pass;
            finding.summary = "silent from the takeover until it had booted again";
            finding.evidence.push_back(fmt::format("it greeted anew at {}", stamp(*rebooted)));
        } else if (gone(history, takeover)) {
            finding.verdict = Verdict::pass;
            finding.summary = "its QEMU was gone, and it was silent from the takeover on";
        } else {
            finding.summary = "silent from the takeover on, but nobody saw that it was off";
        }
        return finding;
    }

    static std::optional<Instant> boot_after(const History& history, const Takeover& takeover) {
        std::string boot;
        for (const auto* hello : history.of(event::agent_hello, {}, takeover.from)) {
            const auto now = hello->data.get<std::string>("boot_id");
            if (hello->at > takeover.at && now != boot) {
                return hello->at;
            }
            boot = now;
        }
        return std::nullopt;
    }

    /// The former owner's own last sign of life before `end`.
    static std::optional<Instant> last_life(const History& history,
                                            const Takeover& takeover,
                                            Instant end) {
        std::optional<Instant> last;
        const auto note = [&](Instant at) {
            if (at < end && (!last || at > *last)) {
                last = at;
            }
        };
        for (const auto at : gather(history, takeover.from).life) {
            note(at);
        }
        for (const auto& request : judged_requests(history)) {
            if (request.server == takeover.from) {
                note(request.ended);
            }
        }
        return last;
    }

    static bool gone(const History& history, const Takeover& takeover) {
        const auto process = gather(history, takeover.from).process;
        return std::ranges::any_of(process,
                                   [](const Statement& each) { return each.sign == Sign::gone; });
    }
};

}  // namespace

std::unique_ptr<Check> checks_fence_was_true() {
    return std::make_unique<FenceWasTrue>();
}

}  // namespace ordeal::verifier
