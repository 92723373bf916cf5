#include "campaign/plan.hpp"

#include "tests/campaign/definition_fixture.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ordeal::test {
namespace {

using namespace std::chrono_literals;

const std::string varied_twice =
    with(with(sound, "[[domain]]", "[matrix]\nv = [1, 2]\n\n[[domain]]"),
         "name = \"vm\"",
         "name = \"vm\"\nvcpus = \"${v}\"");

Plan plan_of(const std::vector<Definition>& definitions, const PlanOptions& options) {
    auto plan = make_plan(definitions, options);
    EXPECT_TRUE(plan) << (plan ? "" : plan.error().text());
    return plan ? std::move(*plan) : Plan{};
}

/// Instants and seeds by repetition, for the first cell.
std::map<int, std::pair<std::uint64_t, Duration>> draws(const Plan& plan) {
    std::map<int, std::pair<std::uint64_t, Duration>> result;
    for (const auto& trial : plan.trials) {
        if (trial.experiment == 0) {
            result[trial.repetition] = {trial.seed, trial.faults.at(0).at};
        }
    }
    return result;
}

TEST(Plan, GoesRoundTheCells) {
    const auto plan = plan_of({parse_sound(varied_twice)}, {.seed = 7});
    ASSERT_EQ(plan.trials.size(), 6U);
    ASSERT_EQ(plan.experiments.size(), 2U);
    for (std::size_t index = 0; index < plan.trials.size(); ++index) {
        EXPECT_EQ(plan.trials[index].number, static_cast<std::int64_t>(index) + 1);
        EXPECT_EQ(plan.trials[index].experiment, index % 2);
        EXPECT_EQ(plan.trials[index].repetition, static_cast<int>(index / 2) + 1);
    }
}

TEST(Plan, DrawsTheSameOnEveryMachine) {
    const auto plan = plan_of({parse_sound(sound)}, {.seed = 42});
    ASSERT_EQ(plan.trials.size(), 3U);
    EXPECT_EQ(plan.trials[0].seed, 13763071868508225798ULL);
    EXPECT_EQ(plan.trials[0].faults[0].at, 1020959595ns);
    EXPECT_EQ(plan.trials[1].faults[0].at, 1152177395ns);
    EXPECT_EQ(plan.trials[2].faults[0].at, 1118185814ns);
}

TEST(Plan, DrawsFromTheWindowsAndDiffersBetweenTrials) {
    const auto text = with(sound, "at = \"1s..3s\"", "at = \"1s..3s\"\nhold = \"5ms..6ms\"");
    const auto plan = plan_of({parse_sound(text)}, {.seed = 1, .trials = 200});
    std::set<Duration> instants;
    for (const auto& trial : plan.trials) {
        EXPECT_GE(trial.faults[0].at, 1s);
        EXPECT_LE(trial.faults[0].at, 3s);
        EXPECT_GE(trial.faults[0].hold, 5ms);
        EXPECT_LE(trial.faults[0].hold, 6ms);
        instants.insert(trial.faults[0].at);
    }
    EXPECT_EQ(instants.size(), 200U);
    EXPECT_NE(draws(plan), draws(plan_of({parse_sound(text)}, {.seed = 2, .trials = 200})));
}

TEST(Plan, IsNotMovedByAnotherFaultOrExperimentOrValue) {
    const auto alone = draws(plan_of({parse_sound(sound)}, {.seed = 5}));
    const auto other_fault = with(sound,
                                  "[[fault]]",
                                  "[[fault]]\nid = \"first\"\nkind = \"qemu.kill\"\n"
                                  "target = \"vm\"\nat = \"0s..1s\"\n\n[[fault]]");
    for (const auto& trial : plan_of({parse_sound(other_fault)}, {.seed = 5}).trials) {
        EXPECT_EQ(trial.faults.at(1).at, alone.at(trial.repetition).second);
    }
    const auto other = with(varied_twice, "name = \"kill\"", "name = \"other\"");
    const auto both = plan_of({parse_sound(other), parse_sound(sound)}, {.seed = 5});
    for (const auto& trial : both.trials) {
        if (both.experiments[trial.experiment].name == "kill") {
            EXPECT_EQ(trial.seed, alone.at(trial.repetition).first);
        }
    }
    EXPECT_EQ(
        draws(plan_of({parse_sound(varied_twice)}, {.seed = 5})),
        draws(plan_of({parse_sound(with(varied_twice, "[1, 2]", "[1, 2, 3]"))}, {.seed = 5})));
}

TEST(Plan, KeepsOnlyWhatIsAskedForUnchanged) {
    const std::vector definitions{parse_sound(varied_twice),
                                  parse_sound(with(sound, "\"kill\"", "\"other\""))};
    const auto all = plan_of(definitions, {.seed = 5});
    ASSERT_EQ(all.trials.size(), 9U);
    const auto numbers = [&](const std::vector<std::string>& only) {
        std::vector<std::int64_t> result;
        for (const auto& trial : plan_of(definitions, {.seed = 5, .only = only}).trials) {
            const auto& same = all.trials.at(static_cast<std::size_t>(trial.number - 1));
            EXPECT_EQ(trial.seed, same.seed);
            EXPECT_EQ(trial.faults.at(0).at, same.faults.at(0).at);
            result.push_back(trial.number);
        }
        return result;
    };
    using Numbers = std::vector<std::int64_t>;
    EXPECT_EQ(numbers({"other"}), (Numbers{7, 8, 9}));
    EXPECT_EQ(numbers({"v=2"}), (Numbers{2, 4, 6}));
    EXPECT_EQ(numbers({"v=2", "v=1"}), (Numbers{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(numbers({"v=2", "2", "3", "4"}), (Numbers{2, 4}));
}

TEST(Plan, RefusesWhatMakesNoSense) {
    const std::vector definitions{parse_sound(varied_twice)};
    EXPECT_FALSE(make_plan({}, {}));
    EXPECT_FALSE(make_plan(definitions, {.trials = 0}));
    EXPECT_FALSE(make_plan(definitions, {.trials = 100'001}));
    EXPECT_FALSE(make_plan(definitions, {.only = {"7"}}));
    EXPECT_FALSE(make_plan(definitions, {.only = {"v=2", "1"}}));
    const auto unknown = make_plan(definitions, {.only = {"kil"}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::usage);
    EXPECT_EQ(unknown.error().hint, "did you mean \"kill\"?");
    std::vector<Definition> many(11, definitions[0]);
    EXPECT_FALSE(make_plan(many, {.trials = 100'000}));
}

}  // namespace
}  // namespace ordeal::test
