#include "tests/verifier/service_stories.hpp"
#include "verifier/catalogue.hpp"

#include <gtest/gtest.h>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_fails_back();

namespace {

using namespace ordeal::testing;
using ms = milliseconds;

Finding failback(const ServiceStory& story, Duration within = ms(5000)) {
    const auto findings =
        checks_fails_back()->judge(story.history(), service_experiment(), {{"within", within}});
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
}

TEST(FailsBack, TellsHowLongAfterTheHealing) {
    const auto finding = failback(lost_and_back());
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.figures.get<Duration>("failback"), ms(3004));
    EXPECT_EQ(failback(lost_and_back(), ms(3000)).verdict, Verdict::fail);
}

TEST(FailsBack, FailsWhenAnotherKeepsIt) {
    EXPECT_EQ(failback(lost_until(ms(4000)), ms(2000)).verdict, Verdict::fail);
}

TEST(FailsBack, WantsItToLast) {
    auto story = lost_and_back();
    story.served(ms(12000), ms(14000), "b");
    EXPECT_EQ(failback(story).verdict, Verdict::fail);
}

TEST(FailsBack, KnowsNothingWhenTheTimeWasTooShort) {
    EXPECT_EQ(failback(lost_until(ms(4000)), ms(4000)).verdict, Verdict::inconclusive);
}

TEST(FailsBack, KnowsNothingWhenNobodyElseHadIt) {
    ServiceStory story;
    story.served(ms(0), ms(9000), "a").healed(ms(5000));
    EXPECT_EQ(failback(story).verdict, Verdict::inconclusive);
    EXPECT_EQ(failback(ServiceStory()).verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace ordeal::verifier
