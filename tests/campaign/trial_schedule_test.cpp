#include "probes/catalogue.hpp"
#include "tests/campaign/campaign_fixture.hpp"

#include <gmock/gmock.h>

namespace ordeal {
namespace {

using testing::HasSubstr;

/// Three domains on two hosts, all in the group "web".
class TrialScheduleTest : public CampaignTest {
  protected:
    TrialScheduleTest() : CampaignTest({"n1", "n2"}) {
        const auto pattern = experiment_.domains.front();
        for (const auto* name : {"second", "third"}) {
            experiment_.domains.push_back(pattern);
            experiment_.domains.back().name = name;
        }
        experiment_.groups = {{.name = "web", .members = {"vm", "second", "third"}}};
    }

    static Instant at_of(const History& history, std::string_view kind, std::string_view subject) {
        for (const auto* event : history.of(kind)) {
            if (event->subject == subject) {
                return event->at;
            }
        }
        ADD_FAILURE() << "no " << kind << " of " << subject;
        return {};
    }

    static FaultSpec stop(const std::string& id, Duration at, Duration hold) {
        auto wanted = fault("qemu.stop", hold);
        wanted.id = id;
        wanted.at = {at, at};
        return wanted;
    }

    TrialRecord only_trial() {
        const auto outcome = run();
        expect_nothing_left(outcome);
        return stored(outcome).trials.at(0);
    }
};

TEST_F(TrialScheduleTest, FaultsOverlapAndAreHealedEachInItsTime) {
    experiment_.faults = {stop("long", 1s, 4s), stop("short", 2s, 1s)};
    experiment_.faults[1].target = "second";
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    const auto& history = trial.history;
    EXPECT_LT(at_of(history, event::fault_observed, "long"),
              at_of(history, event::fault_injecting, "short"));
    EXPECT_LT(at_of(history, event::fault_healed, "short"),
              at_of(history, event::fault_healing, "long"));
}

TEST_F(TrialScheduleTest, StrikesAGroupOneAfterTheOther) {
    experiment_.faults = {stop("roll", 1s, 500ms)};
    experiment_.faults[0].target = "web";
    experiment_.faults[0].pick = 3;
    experiment_.faults[0].stagger = {1s, 1s};
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    std::set<std::string> struck;
    std::vector<Instant> instants;
    for (const auto* injecting : trial.history.of(event::fault_injecting)) {
        struck.insert(injecting->data.get<std::string>("target"));
        instants.push_back(injecting->at);
    }
    EXPECT_EQ(struck, (std::set<std::string>{"vm", "second", "third"}));
    ASSERT_EQ(instants.size(), 3U);
    EXPECT_EQ(instants[1] - instants[0], 1s);
    EXPECT_EQ(instants[2] - instants[1], 1s);
}

TEST_F(TrialScheduleTest, ComesEveryNAndNeverBeforeItIsHealed) {
    experiment_.faults = {stop("again", 1s, 300ms)};
    experiment_.faults[0].every = 1s;
    experiment_.faults[0].times = 3;
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    const auto& history = trial.history;
    const auto first = at_of(history, event::fault_injecting, "again");
    EXPECT_EQ(at_of(history, event::fault_injecting, "again#2") - first, 1s);
    EXPECT_EQ(at_of(history, event::fault_injecting, "again#3") - first, 2s);
    EXPECT_EQ(history.of(event::fault_residue).size(), 3U);
}

TEST_F(TrialScheduleTest, WaitsUntilTheTimeBeforeIsHealed) {
    experiment_.faults = {stop("again", 1s, 3s)};  // no definition may say so
    experiment_.faults[0].every = 1s;
    experiment_.faults[0].times = 2;
    const auto trial = only_trial();
    EXPECT_LE(at_of(trial.history, event::fault_residue, "again"),
              at_of(trial.history, event::fault_injecting, "again#2"));
    EXPECT_GT(trial.history.of(event::fault_injected).back()->data.get<Duration>("late"), 1s);
}

TEST_F(TrialScheduleTest, ComesWhenTheLoadHasCome) {
    experiment_.faults = {stop("later", 500ms, 1s)};
    experiment_.faults[0].on = TriggerSpec{.acknowledged = 200, .domain = "vm"};
    experiment_.faults[0].within = 10s;
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    std::int64_t before = 0;
    const auto struck = at_of(trial.history, event::fault_injecting, "later");
    std::optional<Instant> reached;
    for (const auto* range : trial.history.of(event::ledger_acknowledged, "runner", "vm")) {
        before = range->data.get<std::int64_t>("last") + 1;
        if (before >= 200 && !reached) {
            reached = range->at;
        }
    }
    ASSERT_TRUE(reached);
    EXPECT_EQ(struck - *reached, 500ms);
}

TEST_F(TrialScheduleTest, ComesWhenAProbeHasAnOpinion) {
    experiment_.faults = {stop("first", 1s, 3s), stop("second", 100ms, 1s)};
    experiment_.faults[1].target = "third";
    experiment_.faults[1].on =
        TriggerSpec{.probe = "test.beat", .opinion = "dead", .detail = "no b", .domain = "vm"};
    experiment_.faults[1].within = 10s;
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    const auto& history = trial.history;
    EXPECT_GT(at_of(history, event::fault_injecting, "second"),
              at_of(history, event::fault_observed, "first") + 500ms);
    EXPECT_LT(at_of(history, event::fault_injecting, "second"),
              at_of(history, event::fault_healing, "first"));
}

TEST_F(TrialScheduleTest, ComesDuringTheRecoveryOfAnother) {
    experiment_.faults = {stop("first", 1s, 2s), stop("again", 0s, 1s)};
    experiment_.faults[1].on = TriggerSpec{.fault = "first"};
    experiment_.faults[1].within = 10s;
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    const auto healed = at_of(trial.history, event::fault_healed, "first");
    const auto again = at_of(trial.history, event::fault_injecting, "again");
    EXPECT_GE(again, healed);
    EXPECT_LT(again - healed, 100ms);
    EXPECT_GT(trial.history.first(event::recovered, "runner", "vm")->at, again);
}

TEST_F(TrialScheduleTest, ComesInAPassOfAMigration) {
    const auto rows = probes::catalogue();
    probes_.push_back(*std::ranges::find(rows, "libvirt.events", &CatalogueRow<Probe>::kind));
    experiment_.probes.push_back(
        {.kind = "libvirt.events", .domain = "vm", .params = {{"interval", Duration(1s)}}});
    experiment_.faults = {fault("domain.migrate"), stop("halt", 0s, 1s)};
    experiment_.faults[1].on =
        TriggerSpec{.probe = "libvirt.events", .detail = "migration_pass (1)", .domain = "vm"};
    experiment_.faults[1].within = 10s;
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    const auto& history = trial.history;
    EXPECT_GE(at_of(history, event::fault_injecting, "halt"),
              at_of(history, event::fault_injecting, "domain.migrate"));
    EXPECT_LT(at_of(history, event::fault_observed, "halt"),
              at_of(history, event::fault_injected, "domain.migrate"));
}

TEST_F(TrialScheduleTest, IsInconclusiveWhenTheEventDoesNotCome) {
    experiment_.faults = {stop("never", 0s, 1s)};
    experiment_.faults[0].on = TriggerSpec{.probe = "test.beat", .opinion = "dead"};
    experiment_.faults[0].within = 2s;
    const auto trial = only_trial();
    EXPECT_EQ(trial.verdict, Verdict::inconclusive);
    EXPECT_THAT(trial.reason, HasSubstr("wait for test.beat says \"dead\""));
    EXPECT_THAT(trial.reason, HasSubstr("it did not come in 2 s"));
    EXPECT_EQ(trial.history.first(event::fault_injecting), nullptr);
}

TEST_F(TrialScheduleTest, OneSeedGivesOneHistoryOfFaults) {
    experiment_.faults = {stop("some", 0s, 200ms)};
    experiment_.faults[0].at = {10ms, 1s, Spread::log_uniform};
    experiment_.faults[0].target = "web";
    experiment_.faults[0].pick = 2;
    experiment_.faults[0].every = 1s;
    experiment_.faults[0].times = 2;
    const auto told = [](const TrialRecord& trial) {
        std::string all;
        for (const auto* injected : trial.history.of(event::fault_injected)) {
            all += injected->subject + injected->data.get<std::string>("target") +
                   to_text(injected->data.get<Duration>("planned")) + "\n";
        }
        return all;
    };
    const auto first = told(only_trial());
    EXPECT_EQ(std::ranges::count(first, '\n'), 4);
    EXPECT_EQ(told(only_trial()), first);
}

}  // namespace
}  // namespace ordeal
