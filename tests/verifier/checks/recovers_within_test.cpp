#include "tests/verifier/stories.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_recovers_within();

namespace {

using namespace ordeal::testing;
using ms = milliseconds;

Finding judged(const Story& story, Duration within = std::chrono::seconds(10)) {
    const auto findings =
        checks_recovers_within()->judge(story.history(), Experiment{}, {{"within", within}});
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
}

Story recovered(Duration agent, std::optional<Duration> load) {
    Story story = killed_story();
    story.phase(ms(7000), phase::recover);
    Fields data{{"agent_back", agent}};
    if (load) {
        data.set("load_back", *load);
    }
    story.event(ms(17000), event::recovered, "runner", std::move(data));
    return story;
}

TEST(RecoversWithin, PassesARecoveryInTime) {
    const auto finding = judged(recovered(ms(4000), ms(4500)));
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.figures.get<Duration>("recovery"), ms(4500));
}

TEST(RecoversWithin, FailsALateRecovery) {
    EXPECT_EQ(judged(recovered(ms(4000), ms(10001))).verdict, Verdict::fail);
    EXPECT_EQ(judged(recovered(ms(10001), ms(10002))).verdict, Verdict::fail);
}

TEST(RecoversWithin, FailsWhenTheLoadNeverResumes) {
    EXPECT_EQ(judged(recovered(ms(4000), std::nullopt)).verdict, Verdict::fail);
}

TEST(RecoversWithin, FailsAMissingRecovery) {
    Story story = killed_story();
    story.phase(ms(7000), phase::recover);
    story.phase(ms(18000), phase::tear_down);
    EXPECT_EQ(judged(story).verdict, Verdict::fail);
}

TEST(RecoversWithin, SaysNothingAboutARecoveryThatWasCutShort) {
    Story story = killed_story();
    story.phase(ms(7000), phase::recover);
    story.phase(ms(9000), phase::tear_down);
    EXPECT_EQ(judged(story).verdict, Verdict::inconclusive);
}

TEST(RecoversWithin, IsInconclusiveWhenNoneWasAttempted) {
    EXPECT_EQ(judged(ended(killed_story())).verdict, Verdict::inconclusive);
    EXPECT_EQ(judged(Story{}).verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace ordeal::verifier
