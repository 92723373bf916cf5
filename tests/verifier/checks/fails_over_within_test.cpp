#include "tests/verifier/service_stories.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_fails_over_within();

namespace {

using namespace ordeal::testing;
using ms = milliseconds;

Finding failover(const ServiceStory& story, Duration within = ms(10000)) {
    const auto findings =
        checks_fails_over_within()->judge(story.history(),
                                          service_experiment(),
                                          {{"within", within}, {"settled", Duration(ms(1000))}});
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
}

TEST(FailsOverWithin, TellsTheOutageAndItsUncertainty) {
    const auto finding = failover(lost_until(ms(4000)));
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.figures.get<Duration>("outage"), ms(2004));
    EXPECT_EQ(finding.figures.get<Duration>("uncertainty"), ms(44));
    EXPECT_EQ(finding.figures.get<Duration>("away"), ms(2004));
    EXPECT_EQ(finding.figures.get<std::int64_t>("outages"), 1);
    EXPECT_EQ(finding.evidence.at(0),
              "2.000 s to 4.004 s: 2 s (± 44 ms), 100 requests unanswered, a before and b after");
}

/// The outage once more, from the recorded text alone and by other means: the longest time in which
/// no answer came, less the time until the next request would have been sent.
Duration silence_in(const History& history) {
    std::vector<double> answers;
    for (const auto& event : history.all()) {
        const auto* rows = event.data.find<std::string>("rows");
        std::istringstream lines(rows == nullptr ? "" : *rows);
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            double sent = 0;
            double took = 0;
            std::string server;
            words >> sent >> took >> server;
            if (server[0] != '!') {
                answers.push_back(seconds(event.at) + (sent + took) / 1e6);
            }
        }
    }
    std::ranges::sort(answers);
    double longest = 0;
    for (std::size_t i = 1; i < answers.size(); ++i) {
        longest = std::max(longest, answers[i] - answers[i - 1]);
    }
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(longest));
}

TEST(FailsOverWithin, AgreesWithTheRawLog) {
    for (const auto back : {ms(2100), ms(2500), ms(4000), ms(7900)}) {
        const auto story = lost_until(back);
        const auto finding = failover(story);
        const auto raw = silence_in(story.history());
        EXPECT_NEAR(seconds(finding.figures.get<Duration>("outage")), seconds(raw), 0.02);
    }
}

TEST(FailsOverWithin, FailsALongerOne) {
    EXPECT_EQ(failover(lost_until(ms(4000)), ms(2000)).verdict, Verdict::fail);
    EXPECT_EQ(failover(lost_until(ms(4000)), ms(2005)).verdict, Verdict::pass);
}

TEST(FailsOverWithin, JudgesASecondOutageToo) {
    auto story = lost_until(ms(4000));
    story.served(ms(8000), ms(13000), "").served(ms(13000), ms(14000), "a");
    const auto finding = failover(story, ms(4000));
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_EQ(finding.figures.get<Duration>("outage"), ms(5004));
    EXPECT_EQ(finding.figures.get<Duration>("away"), ms(7008));
}

TEST(FailsOverWithin, FailsAnOutageThatDidNotEnd) {
    ServiceStory story;
    story.served(ms(0), ms(2000), "a").served(ms(2000), ms(9000), "");
    const auto finding = failover(story, ms(5000));
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_THAT(finding.summary, ::testing::HasSubstr("away for more than 7.98 s"));
    EXPECT_EQ(failover(story, ms(20000)).verdict, Verdict::inconclusive);
}

TEST(FailsOverWithin, PassesWhenNoRequestWasLost) {
    ServiceStory story;
    story.served(ms(0), ms(2000), "a").served(ms(2000), ms(4000), "b");
    EXPECT_EQ(failover(story).verdict, Verdict::pass);
    EXPECT_EQ(failover(story).figures.get<Duration>("outage"), Duration{});
}

TEST(FailsOverWithin, KnowsNothingOfAServiceThatNeverAnswered) {
    ServiceStory story;
    EXPECT_EQ(failover(story).verdict, Verdict::inconclusive);
    story.served(ms(0), ms(20000), "");
    EXPECT_EQ(failover(story).verdict, Verdict::inconclusive);
}

TEST(FailsOverWithin, LeavesOutWhatWasBeforeTheLoad) {
    auto story = lost_until(ms(4000));
    story.event(ms(4500), event::phase_begin, "runner", phase::load);
    History history = story.history();
    auto events = std::vector<Event>(history.all().begin() + 1, history.all().end());
    const auto findings = checks_fails_over_within()->judge(
        History(events), service_experiment(), {{"within", Duration(ms(100))}});
    EXPECT_EQ(findings.at(0).verdict, Verdict::pass) << findings.at(0).summary;
}

}  // namespace
}  // namespace ordeal::verifier
