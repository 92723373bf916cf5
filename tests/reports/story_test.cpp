#include "reports/story.hpp"

#include "tests/reports/synthetic.hpp"

#include <gtest/gtest.h>

namespace ordeal::reports {
namespace {

using std::chrono::milliseconds;

Event said(int at, const char* who, const char* opinion, const char* detail = "") {
    return {milliseconds(at),
            std::string(event::observation),
            who,
            "vm",
            {{"opinion", std::string(opinion)}, {"detail", std::string(detail)}}};
}

Event is(int from, int until, const char* grade, int proven = 0) {
    Fields data{{"grade", std::string(grade)}, {"until", Duration(milliseconds(until))}};
    data.set("proven", Duration(milliseconds(std::max(from, proven))));
    return {milliseconds(from), std::string(event::health), "verifier", "vm", data};
}

Event happened(int at, std::string_view kind, const char* subject, Fields data = {}) {
    return {milliseconds(at), std::string(kind), "runner", subject, std::move(data)};
}

/// Load from 1 s to 5 s, dead from 2 s on.
std::vector<Event> outage() {
    return {happened(1000, event::phase_begin, "load"),
            happened(5000, event::phase_end, "load"),
            is(0, 2000, "serving"),
            is(2000, 6000, "dead"),
            happened(6000, event::note, "end")};
}

const Lane& lane_of(const Story& story, std::string_view observer) {
    for (const auto& lane : story.lanes) {
        if (lane.observer == observer) {
            return lane;
        }
    }
    throw std::logic_error("no such lane");
}

TEST(Story, MeasuresFromTheOutageToTheFirstDead) {
    auto events = outage();
    events.push_back(said(500, "quick", "alive"));
    events.push_back(said(2070, "quick", "dead"));
    const History history(events);
    const auto story = tell(history);
    const auto& lane = lane_of(story, "quick");
    ASSERT_EQ(lane.noticed.size(), 1U);
    EXPECT_EQ(lane.noticed[0], milliseconds(70));
    EXPECT_EQ(lane.longest_false_alive(), milliseconds(70));
    EXPECT_TRUE(lane.false_dead.empty());
}

TEST(Story, AnObserverThatGoesOnSayingAliveNeverNoticed) {
    auto events = outage();
    for (int at = 500; at < 6000; at += 500) {
        events.push_back(said(at, "blind", "alive", at < 3000 ? "running" : "still running"));
    }
    const History history(events);
    const auto story = tell(history);
    const auto& lane = lane_of(story, "blind");
    EXPECT_EQ(lane.noticed, std::vector<std::optional<Duration>>{std::nullopt});
    // The load phase ends at 5 s; the change of words in between does not break the stretch.
    EXPECT_EQ(lane.longest_false_alive(), milliseconds(3000));
    EXPECT_EQ(lane.spans.size(), 2U);
}

TEST(Story, WhatIsSaidAfterTheLoadPhaseDoesNotCount) {
    auto events = outage();
    events.push_back(said(500, "late", "alive"));
    events.push_back(said(5500, "late", "dead"));
    const History history(events);
    const auto story = tell(history);
    EXPECT_FALSE(lane_of(story, "late").noticed[0]);
}

TEST(Story, DeadWhileServingIsFalseDead) {
    auto events = outage();
    events.push_back(said(1200, "nervous", "dead"));
    events.push_back(said(1450, "nervous", "alive"));
    const History history(events);
    const auto story = tell(history);
    EXPECT_EQ(lane_of(story, "nervous").longest_false_dead(), milliseconds(250));
}

TEST(Story, TakingADeadBackLateIsNoFalseAlarm) {
    const History history({happened(1000, event::phase_begin, "load"),
                           happened(5000, event::phase_end, "load"),
                           is(0, 2000, "serving"),
                           is(2000, 3000, "hung"),
                           is(3000, 6000, "serving"),
                           said(500, "late", "alive"),
                           said(2100, "late", "dead"),
                           said(3100, "late", "dead", "in other words"),
                           said(3200, "late", "alive"),
                           said(500, "nervous", "alive"),
                           said(4000, "nervous", "dead"),
                           happened(6000, event::note, "end")});
    const auto story = tell(history);
    EXPECT_EQ(lane_of(story, "late").false_alarms, 0U);
    EXPECT_EQ(lane_of(story, "late").longest_false_dead(), milliseconds(200));
    EXPECT_EQ(lane_of(story, "nervous").false_alarms, 1U);
}

/// Serving, the load phase from 1 s to 5 s; its end is not known to belong to it.
std::vector<Event> ending(const char* grade, int from, int proven) {
    return {happened(1000, event::phase_begin, "load"),
            happened(5000, event::phase_end, "load"),
            is(0, from, "serving"),
            is(from, 6000, grade, proven),
            said(500, "ping", "alive"),
            happened(6000, event::note, "end")};
}

TEST(Story, AnEndProvenOnlyAfterTheLoadPhaseIsNoOutage) {
    const auto events = ending("dead", 4950, 5100);
    const History history(events);
    const auto story = tell(history);
    EXPECT_TRUE(story.health.at(0).outages.empty());
    EXPECT_TRUE(lane_of(story, "ping").noticed.empty());

    auto with_fault = ending("dead", 4950, 5100);
    with_fault.push_back(
        happened(4960, event::fault_injecting, "f", {{"target", std::string("vm")}}));
    const History explained(with_fault);
    const auto caused = tell(explained);
    ASSERT_EQ(caused.health.at(0).outages.size(), 1U);
    EXPECT_EQ(caused.health[0].outages[0].from, milliseconds(4960));
}

TEST(Story, ADegradedServiceIsImpairedButNotOut) {
    auto events = ending("degraded", 3000, 3500);
    events.push_back(said(3700, "ping", "dead"));
    const History history(events);
    const auto story = tell(history);
    EXPECT_TRUE(story.health.at(0).outages.empty());
    ASSERT_EQ(story.health[0].impairments.size(), 1U);
    EXPECT_EQ(story.health[0].impairments[0].state, "degraded");
    EXPECT_EQ(lane_of(story, "ping").noticed_impaired.at(0), milliseconds(700));
}

TEST(Story, AShortStallCountsOnlyWithAFault) {
    std::vector<Event> events{happened(1000, event::phase_begin, "load"),
                              happened(5000, event::phase_end, "load"),
                              is(0, 2000, "serving"),
                              is(2000, 2400, "degraded"),
                              is(2400, 6000, "serving"),
                              happened(6000, event::note, "end")};
    const History stall(events);
    EXPECT_TRUE(tell(stall).health.at(0).impairments.empty());
    // A fault of a host explains it, too.
    events.push_back(happened(1990, event::fault_injecting, "f", {{"target", std::string("n1")}}));
    const History explained(events);
    EXPECT_EQ(tell(explained).health.at(0).impairments.size(), 1U);
}

TEST(Story, SaysForHowLongNobodyKnows) {
    const auto events = ending("unknown", 3000, 3000);
    const History history(events);
    // Until the load phase ends.
    EXPECT_EQ(tell(history).health.at(0).unclear, milliseconds(2000));
}

TEST(Story, WhatAdjoinsIsOneImpairmentOfItsWorstState) {
    const History history({happened(1000, event::phase_begin, "load"),
                           happened(5000, event::phase_end, "load"),
                           is(0, 2000, "serving"),
                           is(2000, 3000, "hung"),
                           is(3000, 3100, "degraded"),
                           is(3100, 6000, "serving"),
                           happened(6000, event::note, "end")});
    const auto story = tell(history);
    ASSERT_EQ(story.health.at(0).impairments.size(), 1U);
    EXPECT_EQ(story.health[0].impairments[0].length(), milliseconds(1100));
    EXPECT_EQ(story.health[0].impairments[0].state, "hung");
}

TEST(Story, NothingCountsBeforeServingIsProven) {
    const History history({happened(1000, event::phase_begin, "load"),
                           happened(5000, event::phase_end, "load"),
                           is(1000, 5000, "serving", 1400),
                           said(1200, "nervous", "dead"),
                           said(1600, "nervous", "alive"),
                           happened(5000, event::note, "end")});
    const auto story = tell(history);
    EXPECT_EQ(lane_of(story, "nervous").longest_false_dead(), milliseconds(200));
}

TEST(Story, AnOutageBeginsWithTheInjectionThatCausedIt) {
    // The last sign of life came 90 ms before the injection, the proof 40 ms after it.
    const History history(
        {happened(1000, event::phase_begin, "load"),
         happened(5000, event::phase_end, "load"),
         is(0, 1910, "serving"),
         is(1910, 5000, "dead", 2040),
         happened(2000, event::fault_injecting, "qemu.kill", {{"target", std::string("vm")}}),
         said(500, "quick", "alive"),
         said(2070, "quick", "dead"),
         happened(5000, event::note, "end")});
    const auto story = tell(history);
    EXPECT_EQ(lane_of(story, "quick").noticed[0], milliseconds(70));
    EXPECT_EQ(story.health[0].spans[0].to, milliseconds(2000));
}

TEST(Story, EachOutageIsNoticedOnItsOwn) {
    const History history({happened(0, event::phase_begin, "load"),
                           happened(9000, event::phase_end, "load"),
                           is(0, 1000, "serving"),
                           is(1000, 2000, "hung"),
                           is(2000, 3000, "serving"),
                           is(3000, 9000, "dead"),
                           said(0, "slow", "alive"),
                           said(3500, "slow", "dead"),
                           happened(9000, event::note, "end")});
    const auto story = tell(history);
    const std::vector<std::optional<Duration>> expected{std::nullopt, milliseconds(500)};
    EXPECT_EQ(lane_of(story, "slow").noticed, expected);
}

TEST(Story, WithoutOutageThereIsNothingToNotice) {
    const auto record = synthetic::trial(1, synthetic::Ending::not_activated);
    const auto story = tell(record.history);
    ASSERT_FALSE(story.lanes.empty());
    for (const auto& lane : story.lanes) {
        EXPECT_TRUE(lane.noticed.empty()) << lane.observer;
    }
    ASSERT_EQ(story.faults.size(), 1U);
    EXPECT_EQ(story.faults[0].activation, "absent");
    EXPECT_FALSE(story.faults[0].active);
}

TEST(Story, AnEmptyHistoryIsAnEmptyStory) {
    const History history;
    const auto story = tell(history);
    EXPECT_TRUE(story.lanes.empty());
    EXPECT_TRUE(story.phases.empty());
}

}  // namespace
}  // namespace ordeal::reports
