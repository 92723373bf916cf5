#include "core/service.hpp"
#include "tests/live/live_run.hpp"

#include <algorithm>
#include <optional>
#include <utility>

// Clusters of real guests with real heartbeat and keepalived. Nothing about times but that two ways
// to read one log agree.

namespace ordeal {
namespace {

class LiveHa : public LiveRun {
  protected:
    void SetUp() override {
        const auto image = cache_directory() / "guest/current/initramfs-cluster";
        if (!fs::exists(image)) {
            GTEST_SKIP() << "needs " << image;
        }
        LiveRun::SetUp();
    }

    /// The cells of a shipped experiment with this fault, once each.
    RunRecord run_only(const std::string& experiment, const std::string& fault) {
        auto definitions = shipped(experiment);
        std::erase_if(definitions.at(0).cells,
                      [&](const Experiment& cell) { return cell.faults.at(0).kind != fault; });
        return run(definitions, 1, 1);
    }

    static const Finding* finding(const TrialRecord& trial, const std::string& check) {
        const auto found = std::ranges::find(trial.findings, check, &Finding::check);
        return found == trial.findings.end() ? nullptr : &*found;
    }

    static void expect_active(const TrialRecord& trial) {
        const auto* observed = trial.history.first(event::fault_observed);
        ASSERT_NE(observed, nullptr) << trial.reason;
        EXPECT_EQ(observed->data.get<std::string>("activation"), "active");
    }
};

/// The longest time from one answer's request to the next answered one's, of those sent since
/// `from`; without the code that judges.
Duration longest_without_answer(const History& history, Instant from) {
    Duration longest{};
    std::optional<Instant> last;
    auto requests = requests_of(history);
    std::ranges::sort(requests, {}, &Request::sent);
    for (const auto& request : requests) {
        if (request.sent < from || !request.answered()) {
            continue;
        }
        longest = std::max(longest, request.sent - last.value_or(request.sent));
        last = request.sent;
    }
    return longest;
}

TEST_F(LiveHa, TheOtherMemberServesWhenOneDies) {
    const auto record = run_only("ha/member-dies", "qemu.kill");
    ASSERT_EQ(record.trials.size(), 2U) << "heartbeat and keepalived";
    for (const auto& trial : record.trials) {
        SCOPED_TRACE(trial.cell.get<std::string>("stack") + ": " + trial.reason);
        expect_active(trial);
        const auto requests = requests_of(trial.history);
        ASSERT_FALSE(requests.empty());
        const auto by = [&](const std::string& server) {
            return std::ranges::count(requests, server, &Request::server);
        };
        EXPECT_GT(by("ha-a"), 0);
        EXPECT_GT(by("ha-b"), 0);
        const auto claims = trial.history.of(event::service_claim);
        EXPECT_TRUE(std::ranges::any_of(claims, [](const Event* claim) {
            return claim->data.get<std::string>("owner") == "ha-b";
        })) << "it announced itself";
        const auto* one_owner = finding(trial, "one_owner");
        ASSERT_NE(one_owner, nullptr);
        EXPECT_EQ(one_owner->verdict, Verdict::pass) << one_owner->summary;
        const auto* outage = finding(trial, "fails_over_within");
        ASSERT_NE(outage, nullptr);
        const auto load = trial.history.first(event::phase_begin, {}, phase::load);
        ASSERT_NE(load, nullptr);
        const auto raw = longest_without_answer(trial.history, load->at);
        const auto told = outage->figures.get<Duration>("outage");
        EXPECT_LT(std::max(raw, told) - std::min(raw, told), 200ms) << outage->summary;
    }
}

TEST_F(LiveHa, NobodyRepairsAServiceThatHangsUnderHeartbeat) {
    const auto record = run_only("ha/service-unwatched", "guest.service_hang");
    ASSERT_EQ(record.trials.size(), 1U);
    const auto& trial = record.trials.at(0);
    expect_active(trial);
    const auto* outage = finding(trial, "fails_over_within");
    ASSERT_NE(outage, nullptr);
    EXPECT_EQ(outage->verdict, Verdict::fail) << outage->summary;
    const auto requests = requests_of(trial.history);
    EXPECT_EQ(std::ranges::count(requests, "ha-b", &Request::server), 0);
}

}  // namespace
}  // namespace ordeal
