#include "tests/verifier/service_stories.hpp"
#include "verifier/catalogue.hpp"

#include <gtest/gtest.h>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_fence_was_true();

namespace {

using namespace ordeal::testing;
using ms = milliseconds;

Finding fence(const ServiceStory& story) {
    const auto findings = checks_fence_was_true()->judge(
        story.history(), service_experiment(), {{"grace", Duration(ms(300))}});
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
}

TEST(FenceWasTrue, PassesOneThatBootedAnewAfterSilence) {
    const auto finding = fence(fenced(true));
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.subject, "a");
}

TEST(FenceWasTrue, FailsOneThatLivedOn) {
    const auto finding = fence(fenced(false));
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_NEAR(seconds(finding.figures.get<Duration>("alive_after")), 2, 0.1);
}

TEST(FenceWasTrue, DatesTheTakeoverByItsAnnouncement) {
    auto story = fenced(true);  // its last beat is at 2 s
    story.event(
        ms(2500), event::service_claim, "service.owner", "service", {{"owner", std::string("b")}});
    EXPECT_EQ(fence(story).verdict, Verdict::pass);
    auto early = fenced(true);
    early.beats(ms(2900), ms(2900), "a");
    EXPECT_EQ(fence(early).verdict, Verdict::pass);
    early.event(
        ms(2500), event::service_claim, "service.owner", "service", {{"owner", std::string("b")}});
    EXPECT_EQ(fence(early).verdict, Verdict::fail);
}

TEST(FenceWasTrue, KnowsNothingOfOneThatIsOnlySilent) {
    auto story = lost_until(ms(4000));
    story.hello(ms(0), "a", "one").beats(ms(0), ms(2000), "a");
    EXPECT_EQ(fence(story).verdict, Verdict::inconclusive);
    story.event(ms(2100),
                event::observation,
                "qemu.process",
                "a",
                {{"opinion", std::string("dead")},
                 {"detail", std::string("gone")},
                 {"state", std::string("gone")}});
    EXPECT_EQ(fence(story).verdict, Verdict::pass);
}

TEST(FenceWasTrue, LetsAServiceFailBack) {
    auto story = fenced(true);
    story.served(ms(8000), ms(12000), "a").beats(ms(8000), ms(12000), "b");
    EXPECT_EQ(fence(story).verdict, Verdict::pass);
}

TEST(FenceWasTrue, KnowsNothingWhenNobodyTookOver) {
    ServiceStory story;
    story.served(ms(0), ms(9000), "a");
    EXPECT_EQ(fence(story).verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace ordeal::verifier
