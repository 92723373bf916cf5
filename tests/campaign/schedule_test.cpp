#include "campaign/schedule.hpp"

#include "campaign/plan.hpp"
#include "core/random.hpp"
#include "tests/campaign/definition_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace ordeal::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Three domains in the group "web" and one outside; one fault with `lines`, of a kind that leaves
/// nothing to heal unless it is named otherwise.
std::string grouped(const std::string& lines, const std::string& floor = "") {
    auto text = with(sound, "duration = \"3s\"", "duration = \"20s\"");
    text = with(text,
                "[[load]]",
                "[[domain]]\nname = \"a\"\n[[domain]]\nname = \"b\"\n[[domain]]\nname = \"c\"\n\n"
                "[[group]]\nname = \"web\"\nmembers = [\"a\", \"b\", \"c\"]\n" +
                    floor + "\n[[load]]");
    return with(text, "target = \"vm\"\nat = \"1s..3s\"", lines);
}

std::vector<PlannedFault> strikes(const std::string& lines, std::uint64_t seed = 1) {
    return draw_strikes(parse_sound(grouped(lines)).cells.at(0), seed);
}

std::vector<Duration> instants(const std::vector<PlannedFault>& strikes) {
    std::vector<Duration> result;
    for (const auto& strike : strikes) {
        result.push_back(strike.at);
    }
    return result;
}

std::set<std::string> targets(const std::vector<PlannedFault>& strikes) {
    std::set<std::string> result;
    for (const auto& strike : strikes) {
        result.insert(strike.target);
    }
    return result;
}

TEST(Schedule, DrawsLogUniformSoThatEveryOctaveIsAsLikely) {
    const auto spec = parse_sound(grouped("target = \"vm\"\nat = \"log 1ms..1s\"\n"
                                          "hold = \"log 2ms..2ms\""))
                          .cells.at(0);
    int below = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const auto strike = draw_strikes(spec, seed).at(0);
        ASSERT_GE(strike.at, 1ms);
        ASSERT_LE(strike.at, 1s);
        EXPECT_EQ(strike.hold, 2ms);
        below += strike.at < Duration(31'622'777) ? 1 : 0;  // the geometric mean
    }
    EXPECT_NEAR(below, 1000, 100);  // four and a half standard deviations
}

TEST(Schedule, ComesEveryNUntilTheLoadEnds) {
    const auto all = strikes("target = \"vm\"\nat = \"1s\"\nevery = \"5s\"");
    EXPECT_EQ(instants(all), (std::vector<Duration>{1s, 6s, 11s, 16s}));
    EXPECT_EQ(all[0].id, "qemu.kill");
    EXPECT_EQ(all[3].id, "qemu.kill#4");
    EXPECT_EQ(instants(strikes("target = \"vm\"\nat = \"1s\"\nevery = \"5s\"\ntimes = 2")),
              (std::vector<Duration>{1s, 6s}));
}

TEST(Schedule, StrikesAllMembersAtOnceOrOneAfterTheOther) {
    const auto at_once = strikes("target = \"web\"\nat = \"2s\"");
    EXPECT_EQ(targets(at_once), (std::set<std::string>{"a", "b", "c"}));
    EXPECT_EQ(instants(at_once), (std::vector<Duration>{2s, 2s, 2s}));
    const auto staggered = strikes("target = \"web\"\nat = \"2s\"\nstagger = \"500ms\"");
    EXPECT_EQ(targets(staggered), (std::set<std::string>{"a", "b", "c"}));
    EXPECT_EQ(instants(staggered), (std::vector<Duration>{2s, 2500ms, 3s}));
}

TEST(Schedule, PicksOneOrNOrAShareOfAGroup) {
    const auto count = [](const std::string& pick) {
        return strikes("target = \"web\"\nat = \"2s\"\npick = \"" + pick + "\"").size();
    };
    EXPECT_EQ(count("one"), 1U);
    EXPECT_EQ(count("2"), 2U);
    EXPECT_EQ(count("all"), 3U);
    EXPECT_EQ(count("50%"), 2U);
    EXPECT_EQ(count("100%"), 3U);
    EXPECT_EQ(count("1%"), 1U);
}

TEST(Schedule, PicksEveryMemberAsOftenAndAnewEachTime) {
    const auto spec =
        parse_sound(grouped("target = \"web\"\nat = \"1s\"\npick = \"one\"\nevery = \"1s\"\n"
                            "times = 15"))
            .cells.at(0);
    std::map<std::string, int> hits;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        for (const auto& strike : draw_strikes(spec, seed)) {
            ++hits[strike.target];
        }
    }
    ASSERT_EQ(hits.size(), 3U);
    for (const auto& [target, count] : hits) {
        EXPECT_NEAR(count, 500, 85) << target;  // 4.6 standard deviations
    }
}

TEST(Schedule, OneSeedGivesOneSchedule) {
    const auto text = grouped(
        "target = \"web\"\nat = \"log 10ms..2s\"\nhold = \"1ms..9ms\"\n"
        "pick = \"2\"\nstagger = \"1ms..90ms\"\nevery = \"1s\"");
    const auto shape = [&](std::uint64_t seed) {
        const auto plan = make_plan(std::vector{parse_sound(text)}, {.seed = seed, .trials = 20});
        std::string all;
        for (const auto& trial : plan->trials) {
            for (const auto& each : trial.faults) {
                all += each.id + " " + each.target + " " + to_text(each.at) + " " +
                       to_text(each.hold) + "\n";
            }
        }
        return all;
    };
    EXPECT_EQ(shape(42), shape(42));
    EXPECT_NE(shape(42), shape(43));
}

// What is refused before the start.

TEST(ScheduleRules, RefuseWhatIsWrittenWrongly) {
    const std::map<std::string, std::string> wrong{
        {"target = \"vm\"\nat = \"log 0s..1s\"", "a log-uniform window cannot begin at 0"},
        {"target = \"vm\"\nat = \"1s\"\npick = \"one\"", "add [[group]] with name and members"},
        {"target = \"vm\"\nat = \"1s\"\nstagger = \"1s\"", "\"stagger\" is for a group"},
        {"target = \"web\"\nat = \"1s\"\npick = \"4\"", "must choose some of the 3"},
        {"target = \"web\"\nat = \"1s\"\npick = \"0%\"", "must choose some of the 3"},
        {"target = \"web\"\nat = \"1s\"\npick = \"some\"", "write \"one\", \"all\""},
        {"target = \"wed\"\nat = \"1s\"", "there is no domain \"wed\""},
        {"target = \"vm\"\nat = \"1s\"\ntimes = 3", "\"times\" needs \"every\""},
        {"target = \"vm\"\nat = \"1s\"\nevery = \"2s\"\nhold = \"2s\"", "before it is healed"},
        {"target = \"vm\"\nat = \"1s\"\nevery = \"10ms\"", "more than 1000 strikes"},
        {"target = \"vm\"\nat = \"1s\"\nevery = \"5s\"\ntimes = 9", "when the load has ended"},
        {"target = \"web\"\nat = \"18s\"\nstagger = \"2s\"", "the fault may come at 22 s"},
        {"target = \"vm\"\nat = \"1s\"\nwithin = \"2s\"", "\"within\" needs \"on\""}};
    for (const auto& [lines, message] : wrong) {
        EXPECT_THAT(complaints(grouped(lines)), HasSubstr(message)) << lines;
    }
}

TEST(ScheduleRules, RefuseTriggersThatCannotCome) {
    const std::map<std::string, std::string> wrong{
        {"on = \"panic\"", "\"on\" must be a table"},
        {"on = { }", "must name one of probe, acknowledged and fault"},
        {"on = { acknowledged = 5, fault = \"qemu.kill\" }", "must name one of"},
        {"on = { probe = \"libvirt.state\" }", "add [[probe]] with kind = \"libvirt.state\""},
        {"on = { probe = \"agent.heartbeat\", opinion = \"ill\" }", "alive, dead or unknown"},
        {"on = { probe = \"agent.heartbeat\", domain = \"vn\" }", "there is no domain \"vn\""},
        {"on = { acknowledged = 5, domain = \"a\" }", "there is no load to wait for"},
        {"on = { fault = \"qemu.kil\" }", "did you mean \"qemu.kill\"?"},
        {"on = { fault = \"qemu.kill\", step = \"active\" }", "waits for itself"},
        {"on = { fault = \"qemu.kill\" }", "wait for its activation: step = \"active\""},
        {"on = { acknowledged = 5 }\nwithin = \"100s\"", "past the deadline"},
        {"on = { acknowledged = 5 }\nevery = \"1s\"", "add times = …"}};
    for (const auto& [lines, message] : wrong) {
        EXPECT_THAT(complaints(grouped("target = \"vm\"\nat = \"1s\"\n" + lines)),
                    HasSubstr(message))
            << lines;
    }
    EXPECT_EQ(complaints(grouped("target = \"vm\"\nat = \"1s\"\non = { acknowledged = 5 }")), "");
}

TEST(ScheduleRules, RefuseFaultsThatWaitForEachOther) {
    const auto two = with(grouped("target = \"vm\"\nat = \"1s\"\nid = \"x\"\n"
                                  "on = { fault = \"y\", step = \"active\" }"),
                          "[[probe]]",
                          "[[fault]]\nkind = \"qemu.kill\"\nid = \"y\"\ntarget = \"a\"\n"
                          "at = \"0s\"\non = { fault = \"x\", step = \"active\" }\n\n[[probe]]");
    EXPECT_THAT(complaints(two), HasSubstr("\"x\" waits for itself"));
}

TEST(ScheduleRules, RefuseGroupsThatAreNone) {
    const auto group = [](const std::string& members) {
        return complaints(with(
            grouped("target = \"vm\"\nat = \"1s\""), "members = [\"a\", \"b\", \"c\"]", members));
    };
    EXPECT_EQ(group("members = [\"a\", \"b\"]"), "");
    EXPECT_EQ(group("members = [\"n1\", \"n2\"]"), "");
    EXPECT_THAT(group("members = []"), HasSubstr("has no members"));
    EXPECT_THAT(group("members = [\"a\", \"a\"]"), HasSubstr("twice"));
    EXPECT_THAT(group("members = [\"a\", \"n1\"]"), HasSubstr("all domains, or all hosts"));
    EXPECT_THAT(group("members = [\"a\"]\nkeep_alive = 2"), HasSubstr("has only 1 members"));
    EXPECT_THAT(complaints(with(grouped("target = \"vm\"\nat = \"1s\""), "\"web\"", "\"a\"")),
                HasSubstr("is the name of something else"));
}

TEST(ScheduleRules, KeepTheQuorumOfAGroup) {
    const auto floor = [](const std::string& lines) {
        return complaints(grouped(lines, "keep_alive = 2\n"));
    };
    EXPECT_EQ(floor("target = \"web\"\nat = \"1s\"\npick = \"one\""), "");
    EXPECT_EQ(floor("target = \"vm\"\nat = \"1s\""), "");
    const auto refusal = floor("target = \"web\"\nat = \"1s..2s\"\npick = \"2\"");
    EXPECT_THAT(refusal,
                HasSubstr("may leave only 1 of \"web\" alone, 1 s after the load's start"));
    EXPECT_THAT(refusal, HasSubstr("pick fewer members"));
    EXPECT_THAT(floor("target = \"web\"\nat = \"1s\"\npick = \"one\"\nevery = \"5s\""),
                HasSubstr("may leave only 1"))
        << "a killed one stays so";
    EXPECT_THAT(floor("target = \"n1\"\nat = \"1s\"\nkind = \"libvirtd.kill\""),
                HasSubstr("twice"));
    EXPECT_THAT(complaints(with(grouped("target = \"n1\"\nat = \"1s\"", "keep_alive = 1\n"),
                                "qemu.kill",
                                "libvirtd.kill")),
                HasSubstr("may leave only 0"))
        << "a host strikes the domains on it";
}

TEST(ScheduleRules, LetHealedMembersCountAgain) {
    auto kinds = small_library();
    std::ranges::find(kinds.faults, "qemu.kill", &EntryInfo::kind)->undo = "guardian";
    const auto floor = [&](const std::string& lines) {
        Diagnostics out;
        static_cast<void>(
            parse_definition(grouped(lines, "keep_alive = 2\n"), "e.toml", kinds, out));
        return to_text(out);
    };
    const std::string rolling = "target = \"web\"\nat = \"1s\"\nstagger = \"3s\"\nhold = ";
    EXPECT_EQ(floor(rolling + "\"2s\""), "");
    EXPECT_THAT(floor(rolling + "\"4s\""), HasSubstr("may leave only 1"));
    EXPECT_THAT(floor(rolling + "\"2s\"\non = { acknowledged = 5 }"), HasSubstr("may leave only 0"))
        << "nobody knows when";
}

}  // namespace
}  // namespace ordeal::test
