#include "reports/deciders.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace ordeal::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// What the three say of one moment, in their order.
std::vector<std::string> said(std::string_view state, std::optional<bool> process = {}) {
    std::vector<std::string> opinions;
    for (const auto& decider : deciders()) {
        opinions.emplace_back(decider.conclude({state, process}));
    }
    return opinions;
}

TEST(Deciders, AgreeOnWhatRunsAndWhatIsOff) {
    EXPECT_THAT(said("running"), ElementsAre("alive", "alive", "alive"));
    EXPECT_THAT(said("shut off"), ElementsAre("dead", "dead", "dead"));
}

TEST(Deciders, CallAPausedDomainHealthyExceptTheScript) {
    EXPECT_THAT(said("paused"), ElementsAre("dead", "alive", "alive"));
    EXPECT_THAT(said("shutting down"), ElementsAre("dead", "alive", "dead"));
}

TEST(Deciders, FenceNothingThatHasCrashedWhileItsQemuIsThere) {
    for (const auto* state : {"crashed", "pm suspended"}) {
        EXPECT_THAT(said(state, true), ElementsAre("dead", "dead", "dead"));
    }
}

TEST(Deciders, DifferWhereLibvirtDoesNotAnswer) {
    EXPECT_THAT(said("", true), ElementsAre("dead", "alive", "unknown"));
    EXPECT_THAT(said("", false), ElementsAre("dead", "dead", "unknown"));
    EXPECT_THAT(said(""), ElementsAre("dead", "unknown", "unknown"));
}

TEST(Deciders, KnowNothingOfADomainThatIsNotDefinedExceptPacemaker) {
    EXPECT_THAT(said("not defined"), ElementsAre("dead", "dead", "unknown"));
}

Event saw(Instant at, std::string source, Fields facts) {
    return {.at = at,
            .kind = std::string(event::observation),
            .source = std::move(source),
            .subject = "vm",
            .data = std::move(facts)};
}

Fields word(const std::string& state) {
    return {{"detail", state + " (why)"}, {"state", state}};
}

TEST(Deciders, FollowWhatWasRecorded) {
    const History history({saw(1s, "qemu.process", {{"state", std::string("S")}}),
                           saw(2s, "libvirt.state", word("running")),
                           saw(3s, "libvirt.state", word("paused")),
                           saw(4s, "libvirt.state", {{"detail", std::string("no answer")}}),
                           saw(5s, "qemu.process", {{"state", std::string("gone")}}),
                           saw(6s, "libvirt.state", word("shut off"))});
    const auto lanes = lanes_of_deciders(history);
    ASSERT_EQ(lanes.size(), 3U);
    EXPECT_EQ(lanes[1].observer, "pacemaker.virtualdomain");
    EXPECT_EQ(lanes[1].domain, "vm");
    std::vector<std::string> opinions;
    for (const auto& span : lanes[1].spans) {
        opinions.push_back(span.state);
    }
    // Healthy while running and paused and while its process is there.
    EXPECT_THAT(opinions, ElementsAre("alive", "alive", "alive", "dead", "dead"));
    EXPECT_EQ(lanes[1].spans.front().from, 2s);
    EXPECT_EQ(lanes[1].spans[3].from, 5s);
    EXPECT_EQ(lanes[1].spans.back().to, history.end());
}

TEST(Deciders, SayNothingWhereNobodyAskedLibvirt) {
    const History history({saw(1s, "qemu.process", {{"state", std::string("S")}})});
    EXPECT_THAT(lanes_of_deciders(history), IsEmpty());
}

}  // namespace
}  // namespace ordeal::reports
