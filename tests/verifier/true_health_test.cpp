#include "verifier/true_health.hpp"

#include "tests/verifier/story.hpp"

#include <gmock/gmock.h>

namespace ordeal::verifier {
namespace {

using namespace ordeal::testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using ms = milliseconds;

std::vector<std::string> grades(const HealthTimeline& timeline) {
    std::vector<std::string> words;
    for (const auto& interval : timeline) {
        words.push_back(std::string(name_of(interval.grade)) +
                        (interval.part.empty() ? "" : "/" + interval.part));
    }
    return words;
}

using Words = std::vector<std::string>;

Story killed() {
    Story story = healthy(ms(2000));
    process(story, ms(2150), ms(2050), ms(6000), "gone");
    return silent(story, ms(2100), ms(6000));
}

TEST(TrueHealth, IsEmptyForAnEmptyHistory) {
    EXPECT_THAT(true_health(History{}, vm), IsEmpty());
}

TEST(TrueHealth, IsServingWhileItBeatsAndProgresses) {
    const auto timeline = true_health(healthy(ms(5000)).history(), vm);
    EXPECT_EQ(grades(timeline), Words{"serving"});
}

TEST(TrueHealth, SaysDeadForAGoneProcessFromTheLastSignOfLife) {
    const auto timeline = true_health(killed().history(), vm);
    ASSERT_EQ(grades(timeline), (Words{"serving", "dead"}));
    EXPECT_EQ(timeline[1].from, ms(2100)) << "the last heartbeat, later than the last process look";
    EXPECT_EQ(timeline[1].proven, ms(2150));
    EXPECT_THAT(timeline[1].evidence.front(), HasSubstr("qemu.process"));
}

TEST(TrueHealth, SaysHungForAStoppedProcess) {
    Story story = healthy(ms(2000));
    process(story, ms(2150), ms(2050), ms(6000), "T");
    silent(story, ms(2100), ms(6000));
    const auto timeline = true_health(story.history(), vm);
    ASSERT_EQ(grades(timeline), (Words{"serving", "hung"}));
    EXPECT_EQ(timeline[1].from, ms(2100));
}

TEST(TrueHealth, LetsAStopStandWhenTheProcessIsSeenIdleRightAfterIt) {
    Story story = healthy(ms(2000));
    process(story, ms(2150), ms(2050), ms(5200), "T");
    // Continued at 6 s, looked at before it used any CPU time; its last sign of life is still the
    // old one.
    process(story, ms(6010), ms(2050), ms(6010), "S");
    silent(story, ms(2100), ms(5999));
    for (const auto* door : {"agent.heartbeat", "network.heartbeat", "network.ping"}) {
        story.watched(ms(6000), ms(7000), door, Opinion::alive);
    }
    const auto timeline = true_health(story.history(), vm);
    ASSERT_THAT(grades(timeline), ::testing::Contains("hung"));
    EXPECT_EQ(timeline[1].from, ms(2100));
    EXPECT_GE(timeline[1].to, ms(5900));
}

TEST(TrueHealth, NeverTakesLibvirtsWord) {
    Story story = killed();
    story.watched(ms(0), ms(6000), "libvirt.state", Opinion::alive);
    EXPECT_EQ(grades(true_health(story.history(), vm)), (Words{"serving", "dead"}));
    Story only;
    only.watched(ms(0), ms(6000), "libvirt.state", Opinion::dead);
    EXPECT_EQ(grades(true_health(only.history(), vm)), Words{"unknown"});
}

TEST(TrueHealth, SaysServingAgainWhenTheProcessGoesOn) {
    Story story = healthy(ms(2000));
    process(story, ms(2150), ms(2050), ms(4900), "T");
    silent(story, ms(2100), ms(4900));
    for (const auto* probe :
         {"agent.heartbeat", "network.heartbeat", "network.ping", "load.progress"}) {
        story.watched(ms(5020), ms(8020), probe, Opinion::alive);
    }
    story.watched(
        ms(5100), ms(8100), "qemu.process", Opinion::alive, {{"state", std::string("R")}});
    EXPECT_EQ(grades(true_health(story.history(), vm)), (Words{"serving", "hung", "serving"}));
}

TEST(TrueHealth, SaysHungWhenAllIsSilentAndTheProcessRuns) {
    Story story = healthy(ms(2000));
    story.watched(
        ms(3000), ms(6000), "qemu.process", Opinion::alive, {{"state", std::string("R")}});
    silent(story, ms(2100), ms(6000));
    const auto timeline = true_health(story.history(), vm);
    ASSERT_EQ(grades(timeline), (Words{"serving", "hung"}));
    EXPECT_EQ(timeline[1].from, ms(2100));
    EXPECT_EQ(timeline[1].proven, ms(2500)) << "the last witness needed is the echo";
}

TEST(TrueHealth, DoesNotGuessWithoutTheProcess) {
    Story story;
    story.watched(ms(0), ms(2000), "agent.heartbeat", Opinion::alive);
    silent(story, ms(2100), ms(6000));
    EXPECT_EQ(grades(true_health(story.history(), vm)), (Words{"serving", "unknown"}));
}

TEST(TrueHealth, SaysDeadForAPanicOnTheConsole) {
    Story story = healthy(ms(2000));
    story.watched(
        ms(3000), ms(6000), "qemu.process", Opinion::alive, {{"state", std::string("R")}});
    silent(story, ms(2100), ms(6000));
    story.event(ms(2140),
                event::console,
                "console.watch",
                {{"class", std::string("panic")},
                 {"line", std::string("Kernel panic - not syncing: sysrq triggered crash")}});
    const auto timeline = true_health(story.history(), vm);
    ASSERT_EQ(grades(timeline), (Words{"serving", "dead"}));
    EXPECT_EQ(timeline[1].from, ms(2100));
    EXPECT_THAT(timeline[1].evidence, ::testing::Contains(HasSubstr("Kernel panic")));
}

TEST(TrueHealth, NamesTheDegradedPart) {
    Story storage = healthy(ms(2000));
    for (const auto* probe : {"agent.heartbeat", "network.heartbeat", "network.ping"}) {
        storage.watched(ms(3000), ms(6000), probe, Opinion::alive);
    }
    for (auto at = ms(3100); at <= ms(6000); at += ms(1000)) {
        storage.saw(at, "load.progress", Opinion::dead, ms(2050));
    }
    EXPECT_EQ(grades(true_health(storage.history(), vm)), (Words{"serving", "degraded/storage"}));

    Story agent = healthy(ms(2000));
    agent.watched(ms(3000), ms(6000), "network.ping", Opinion::alive);
    agent.watched(
        ms(3000), ms(6000), "qemu.process", Opinion::alive, {{"state", std::string("S")}});
    for (auto at = ms(2400); at <= ms(6000); at += ms(1000)) {
        agent.saw(at, "agent.heartbeat", Opinion::dead, ms(2100));
        agent.saw(at, "network.heartbeat", Opinion::dead, ms(2100));
    }
    EXPECT_EQ(grades(true_health(agent.history(), vm)), (Words{"serving", "degraded/agent"}));

    Story network = healthy(ms(2000));
    network.watched(ms(3000), ms(6000), "agent.heartbeat", Opinion::alive);
    network.watched(ms(3000), ms(6000), "load.progress", Opinion::alive);
    for (auto at = ms(2400); at <= ms(6000); at += ms(1000)) {
        network.saw(at, "network.ping", Opinion::dead, ms(2100));
    }
    EXPECT_EQ(grades(true_health(network.history(), vm)), (Words{"serving", "degraded/network"}));
}

TEST(TrueHealth, CallsALivingVoiceFromAGoneProcessUnknown) {
    Story story = healthy(ms(6000));
    process(story, ms(2500), ms(2400), ms(6000), "gone");
    const auto words = grades(true_health(story.history(), vm));
    EXPECT_THAT(words, ::testing::Contains("unknown"));
    EXPECT_THAT(words, Not(::testing::Contains("dead")));
}

TEST(TrueHealth, ForgivesABeatThatWasInFlight) {
    Story story = healthy(ms(2000));
    process(story, ms(2150), ms(2050), ms(6000), "gone");
    silent(story, ms(2170), ms(6000));  // arrived 20 ms after the process was seen gone
    EXPECT_EQ(grades(true_health(story.history(), vm)), (Words{"serving", "dead"}));
}

TEST(TrueHealth, DoesNotCallABootingGuestHung) {
    Story story = killed();
    story.watched(
        ms(6500), ms(9500), "qemu.process", Opinion::alive, {{"state", std::string("R")}});
    for (const auto* probe : {"agent.heartbeat", "network.heartbeat", "network.ping"}) {
        for (auto at = ms(6600); at <= ms(8900); at += ms(1000)) {
            story.saw(at, probe, Opinion::dead, ms(2100));
        }
        story.watched(ms(9000), ms(12000), probe, Opinion::alive);
    }
    story.event(ms(9000), event::agent_hello, "agent", {{"boot_id", std::string("second")}});
    EXPECT_EQ(grades(true_health(story.history(), vm)),
              (Words{"serving", "dead", "unknown", "serving"}));
}

TEST(TrueHealth, IsUnknownWhereTheWitnessesWereBlind) {
    Story story = healthy(ms(2000));
    story.phase(ms(20000), phase::tear_down);
    const auto timeline = true_health(story.history(), vm);
    ASSERT_EQ(grades(timeline), (Words{"serving", "unknown"}));
    EXPECT_LE(timeline[1].from, ms(6000));
}

TEST(TrueHealth, KeepsDomainsApart) {
    EXPECT_EQ(grades(true_health(killed().history(), "other")), Words{"unknown"});
    EXPECT_EQ(domains_of(killed().history()), Words{"vm"});
}

TEST(TrueHealth, AdjoinsItsIntervalsAndTellsThemAsEvents) {
    const auto history = killed().history();
    const auto timeline = true_health(history, vm);
    EXPECT_EQ(timeline.front().from, Instant{});
    EXPECT_EQ(timeline.back().to, history.end());
    EXPECT_EQ(timeline[0].to, timeline[1].from);
    const auto events = to_events(timeline, vm);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].at, ms(2100));
    EXPECT_EQ(events[1].data.get<std::string>("grade"), "dead");
    EXPECT_EQ(events[1].data.get<Duration>("until"), history.end());
}

}  // namespace
}  // namespace ordeal::verifier
