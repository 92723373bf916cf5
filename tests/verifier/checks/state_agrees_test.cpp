#include "tests/verifier/stories.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_state_agrees();

namespace {

using namespace ordeal::testing;
using ::testing::HasSubstr;
using ms = milliseconds;

Params params(std::string observer, std::string expect = "agrees") {
    return {{"observers", std::vector<std::string>{std::move(observer)}},
            {"within", Duration(std::chrono::seconds(2))},
            {"expect", std::move(expect)}};
}

Finding judged(const Story& story, const Params& params) {
    const auto findings = checks_state_agrees()->judge(story.history(), Experiment{}, params);
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
}

TEST(StateAgrees, IsInconclusiveForAnEmptyHistory) {
    for (const auto* expect : {"agrees", "false_alive", "false_dead"}) {
        const auto finding = judged(Story{}, params("libvirt.state", expect));
        EXPECT_EQ(finding.verdict, Verdict::inconclusive) << finding.summary;
    }
}

TEST(StateAgrees, PassesTheObserverThatNotices) {
    const auto finding = judged(ended(killed_story()), params("agent.heartbeat"));
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.subject, "agent.heartbeat");
    EXPECT_EQ(finding.figures.get<Duration>("detection_latency"), ms(290))
        << "from the kill at 2.050 to the missed beats at 2.340";
    EXPECT_FALSE(finding.figures.get<bool>("missed", true));
}

TEST(StateAgrees, FailsLibvirtThatCallsAFrozenGuestRunning) {
    Story story = frozen_story();
    story.watched(ms(0), load_end, "libvirt.state", Opinion::alive);
    const auto finding = judged(ended(story), params("libvirt.state"));
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_TRUE(finding.figures.get<bool>("missed"));
    EXPECT_FALSE(finding.figures.has("detection_latency"));
    EXPECT_EQ(finding.figures.get<Duration>("false_alive"), load_end - ms(2050));
}

TEST(StateAgrees, PassesExpectedFalseAliveOnlyWhenItNeverNoticed) {
    Story story = frozen_story();
    story.watched(ms(0), ms(4000), "libvirt.state", Opinion::alive);
    const auto expected = params("libvirt.state", "false_alive");
    EXPECT_EQ(judged(ended(story), expected).verdict, Verdict::pass);
    story.saw(ms(5500), "libvirt.state", Opinion::dead);
    EXPECT_EQ(judged(ended(story), expected).verdict, Verdict::fail) << "it noticed";
}

TEST(StateAgrees, IsInconclusiveWhenNothingWasDownThatCouldBeMissed) {
    Story story = healthy(load_end);
    story.watched(ms(0), load_end, "libvirt.state", Opinion::alive);
    EXPECT_EQ(judged(ended(story), params("libvirt.state", "false_alive")).verdict,
              Verdict::inconclusive);
}

TEST(StateAgrees, IsInconclusiveWhenTheObserverFellSilentInAnExpectedFalseAlive) {
    Story story = frozen_story();
    story.watched(ms(0), ms(3000), "libvirt.state", Opinion::alive);
    story.saw(ms(3500), "libvirt.state", Opinion::unknown);
    EXPECT_EQ(judged(ended(story), params("libvirt.state", "false_alive")).verdict,
              Verdict::inconclusive);
}

TEST(StateAgrees, PassesExpectedFalseAliveAlthoughOneAnswerWasMissing) {
    Story story = frozen_story();
    story.watched(ms(0), ms(3000), "libvirt.state", Opinion::alive);
    story.saw(ms(3100), "libvirt.state", Opinion::unknown);
    story.saw(ms(3200), "libvirt.state", Opinion::alive);
    const auto finding = judged(ended(story), params("libvirt.state", "false_alive"));
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_THAT(finding.summary, Not(HasSubstr("all")));
}

TEST(StateAgrees, FailsSlowDetection) {
    Story story = killed_story();
    story.watched(ms(0), ms(4000), "libvirt.state", Opinion::alive);
    story.saw(ms(4300), "libvirt.state", Opinion::dead);
    const auto finding = judged(ended(story), params("libvirt.state"));
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_EQ(finding.figures.get<Duration>("detection_latency"), ms(2250));
    EXPECT_THAT(finding.summary, HasSubstr("2.25 s"));
}

TEST(StateAgrees, FailsAnObserverThatCallsAServingDomainDead) {
    Story story = healthy(load_end);
    story.watched(ms(0), ms(1000), "network.watchman", Opinion::alive);
    story.watched(ms(1500), ms(4500), "network.watchman", Opinion::dead);
    story.saw(ms(4600), "network.watchman", Opinion::alive);
    const auto finding = judged(ended(story), params("network.watchman"));
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(finding.figures.get<Duration>("false_dead"), ms(3100));
    EXPECT_EQ(judged(ended(story), params("network.watchman", "false_dead")).verdict,
              Verdict::pass);
}

TEST(StateAgrees, FailsExpectedFalseDeadWhenTheObserverWasRight) {
    Story story = healthy(load_end);
    story.watched(ms(0), load_end, "libvirt.state", Opinion::alive);
    EXPECT_EQ(judged(ended(story), params("libvirt.state", "false_dead")).verdict, Verdict::fail);
    EXPECT_EQ(judged(ended(story), params("libvirt.state")).verdict, Verdict::pass);
}

TEST(StateAgrees, IsInconclusiveWithoutIndependentEvidence) {
    Story story;
    story.phase(ms(500), phase::load);
    story.event(ms(500), event::load_started, "runner");
    story.watched(ms(0), load_end, "libvirt.state", Opinion::alive);
    EXPECT_EQ(judged(ended(story), params("libvirt.state")).verdict, Verdict::inconclusive);
}

TEST(StateAgrees, IsInconclusiveForAnObserverThatSaidNothing) {
    EXPECT_EQ(judged(ended(killed_story()), params("libvirt.state")).verdict,
              Verdict::inconclusive);
}

TEST(StateAgrees, IsInconclusiveWhenTheOutageWasTooShortToJudge) {
    Story story = killed_story();
    story.watched(ms(0), ms(2900), "libvirt.state", Opinion::alive);
    story.phase(ms(3000), phase::capture);
    EXPECT_EQ(judged(ended(story), params("libvirt.state")).verdict, Verdict::inconclusive);
}

TEST(StateAgrees, AsksNobodyToNoticeAShortStallThatNoFaultCaused) {
    // Every door silent from 1.0 to 1.6 s, and the process runs: a busy host.
    Story story;
    for (const auto* probe : {"agent.heartbeat", "network.heartbeat", "network.ping"}) {
        story.watched(ms(0), ms(1000), probe, Opinion::alive);
        story.saw(ms(1350), probe, Opinion::dead, ms(1000));
        story.saw(ms(1600), probe, Opinion::alive, ms(1600));
        story.watched(ms(2000), ms(2000), probe, Opinion::alive);
    }
    story.watched(ms(0), ms(2000), "load.progress", Opinion::alive);
    story.watched(ms(0), ms(2000), "qemu.process", Opinion::alive, {{"state", std::string("R")}});
    story.event(ms(500), event::load_started, "runner");
    story.watched(ms(0), ms(2000), "libvirt.state", Opinion::alive);
    const auto stalled = judged(ended(story), params("libvirt.state"));
    EXPECT_EQ(stalled.verdict, Verdict::pass) << stalled.summary;
    EXPECT_FALSE(stalled.figures.get<bool>("missed", true));
    story.event(ms(2050), event::fault_injecting, "qemu.kill");
    process(story, ms(2120), ms(2020), load_end, "gone");
    silent(story, ms(2040), load_end);
    story.saw(ms(2200), "libvirt.state", Opinion::dead);
    const auto killed = judged(ended(story), params("libvirt.state"));
    EXPECT_EQ(killed.verdict, Verdict::pass) << killed.summary;
    EXPECT_EQ(killed.figures.get<Duration>("detection_latency"), ms(150));
}

TEST(StateAgrees, IgnoresWhatHappensAfterTheLoadPhase) {
    Story story = healthy(ms(7000));
    story.watched(ms(0), ms(5000), "libvirt.state", Opinion::alive);
    for (auto at = ms(6100); at < ms(12000); at += ms(1000)) {
        story.saw(at, "libvirt.state", Opinion::dead);
    }
    EXPECT_EQ(judged(ended(story), params("libvirt.state")).verdict, Verdict::pass);
}

TEST(StateAgrees, HoldsDegradedHealthAgainstNobodyUnlessItIsAskedTo) {
    // The network is cut: the guest beats and writes, and nobody reaches it.
    Story story = healthy(ms(2000));
    for (auto at = ms(2300); at <= load_end; at += std::chrono::seconds(1)) {
        story.saw(at, "network.heartbeat", Opinion::dead, ms(2000));
        story.saw(at, "network.ping", Opinion::dead, ms(2000));
    }
    for (const auto* probe : {"agent.heartbeat", "load.progress"}) {
        story.watched(ms(3000), load_end, probe, Opinion::alive);
    }
    story.watched(
        ms(3000), load_end, "qemu.process", Opinion::alive, {{"state", std::string("S")}});
    story.watched(ms(0), load_end, "libvirt.state", Opinion::alive);
    auto asked = params("libvirt.state", "false_alive");
    EXPECT_EQ(judged(ended(story), asked).verdict, Verdict::inconclusive);
    asked.set("harm", std::string("any"));
    EXPECT_EQ(judged(ended(story), asked).verdict, Verdict::pass)
        << judged(ended(story), asked).summary;
}

TEST(StateAgrees, JudgesObserversTogetherAsOne) {
    Story story = frozen_story();
    story.watched(ms(0), load_end, "libvirt.state", Opinion::alive);
    auto asked = params("libvirt.state");
    asked.set("observers", std::vector<std::string>{"libvirt.state", "agent.heartbeat"});
    asked.set("together", true);
    const auto finding = judged(ended(story), asked);
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.subject, "libvirt.state + agent.heartbeat");
}

TEST(StateAgrees, GivesOneFindingForEachObserver) {
    Story story = killed_story();
    story.watched(ms(0), ms(2000), "libvirt.state", Opinion::alive);
    story.saw(ms(2200), "libvirt.state", Opinion::dead);
    auto both = params("libvirt.state");
    both.set("observers", std::vector<std::string>{"libvirt.state", "agent.heartbeat"});
    const auto findings = checks_state_agrees()->judge(ended(story).history(), Experiment{}, both);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].figures.get<Duration>("detection_latency"), ms(150));
    EXPECT_EQ(findings[1].subject, "agent.heartbeat");
}

}  // namespace
}  // namespace ordeal::verifier
