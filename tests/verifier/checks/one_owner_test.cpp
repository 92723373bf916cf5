#include "tests/verifier/service_stories.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_one_owner();

namespace {

using namespace ordeal::testing;
using ms = milliseconds;

Finding ownership(const ServiceStory& story) {
    const auto findings = checks_one_owner()->judge(story.history(), service_experiment(), {});
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
}

TEST(OneOwner, FailsTwoAndTellsWhen) {
    const auto finding = ownership(owned_twice(ms(2600)));
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_EQ(finding.figures.get<Duration>("double_owned"), ms(2600));
    EXPECT_EQ(finding.figures.get<std::int64_t>("double_times"), 1);
    EXPECT_EQ(finding.evidence.at(0), "3.000 s to 5.600 s: a and b");
}

TEST(OneOwner, TakesAHandoverForWhatItIs) {
    const auto finding = ownership(owned_twice(ms(210)));
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_THAT(finding.evidence.at(0), ::testing::HasSubstr("as in a handover"));
}

TEST(OneOwner, PassesATakeoverWithNobodyBetween) {
    ServiceStory story;
    story.owned(ms(0), {"a"}).owned(ms(3000), {}).owned(ms(5000), {"b"});
    EXPECT_EQ(ownership(story).verdict, Verdict::pass);
}

TEST(OneOwner, FailsServersThatAnswerInTurn) {
    ServiceStory story;
    story.owned(ms(0), {"a"});
    story.served(ms(0), ms(1000), "a").served(ms(1000), ms(1200), "b");
    EXPECT_EQ(ownership(story).verdict, Verdict::pass);
    story.served(ms(1200), ms(2000), "a");
    const auto finding = ownership(story);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
}

TEST(OneOwner, LetsAServiceComeBackLater) {
    ServiceStory story;
    story.owned(ms(0), {"a"});
    story.served(ms(0), ms(1000), "a")
        .served(ms(1000), ms(3000), "b")
        .served(ms(3000), ms(4000), "a");
    EXPECT_EQ(ownership(story).verdict, Verdict::pass);
}

TEST(OneOwner, KnowsNothingWhenNobodyAnswered) {
    ServiceStory story;
    EXPECT_EQ(ownership(story).verdict, Verdict::inconclusive);
    story.owned(ms(0), {});
    EXPECT_EQ(ownership(story).verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace ordeal::verifier
