#include "core/wire_mark.hpp"
#include "tests/campaign/campaign_fixture.hpp"

namespace ordeal {
namespace {

class TrialTest : public CampaignTest {};

/// Two hosts: the domain's own, and the one that it fails over to.
class FailoverTest : public CampaignTest {
  protected:
    FailoverTest() : CampaignTest({"n1", "n2"}) {
        experiment_.domains = {
            {.name = "vm", .failover = "n2", .disks = {{.name = "data", .backing = "nbd"}}}};
    }

    static FaultSpec host_fault(const std::string& kind, Duration hold) {
        auto wanted = fault(kind, hold);
        wanted.target = "n1";
        return wanted;
    }
};

std::vector<std::string> kinds_of(const History& history, std::string_view prefix) {
    std::vector<std::string> kinds;
    for (const auto& event : history.all()) {
        if (event.kind.starts_with(prefix)) {
            kinds.push_back(event.kind);
        }
    }
    return kinds;
}

TEST_F(TrialTest, GoesThroughAllPhasesAndStartsADeadDomainAgain) {
    experiment_.faults = {fault("qemu.kill")};
    const auto outcome = run();
    const auto record = stored(outcome);
    ASSERT_EQ(record.trials.size(), 1U);
    const auto& trial = record.trials[0];
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_EQ(exit_code(outcome, 0), 0);
    EXPECT_EQ(progress_.phases[1],
              (std::vector<std::string>{"provision",
                                        "boot",
                                        "steady",
                                        "load",
                                        "capture",
                                        "recover",
                                        "examine",
                                        "judge",
                                        "tear_down"}));
    EXPECT_EQ(kinds_of(trial.history, "fault."),
              (std::vector<std::string>{"fault.injecting", "fault.injected", "fault.observed"}));
    const auto* injected = trial.history.first(event::fault_injected, "qemu.kill", "qemu.kill");
    EXPECT_EQ(injected->data.get<Duration>("late"), 0ns);
    EXPECT_EQ(injected->data.get<std::string>("target"), "vm");
    const auto* recovered = trial.history.first(event::recovered, "runner", "vm");
    ASSERT_NE(recovered, nullptr);
    EXPECT_GT(recovered->data.get<Duration>("agent_back"), 1s);
    EXPECT_GE(recovered->data.get<Duration>("load_back"),
              recovered->data.get<Duration>("agent_back"));
    EXPECT_EQ(trial.history.of(event::agent_hello).size(), 2U);
    EXPECT_TRUE(trial.evidence.empty());
    EXPECT_FALSE(std::filesystem::exists(record.directory / "trials" / "1"));
    expect_nothing_left(outcome);
}

TEST_F(TrialTest, HealsAFrozenDomainAndDoesNotStartItAgain) {
    experiment_.faults = {fault("qemu.stop", 4s)};
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_EQ(kinds_of(trial.history, "fault."),
              (std::vector<std::string>{"fault.injecting",
                                        "fault.injected",
                                        "fault.observed",
                                        "fault.healing",
                                        "fault.healed",
                                        "fault.residue"}));
    const auto observed = trial.history.first(event::fault_observed)->at;
    EXPECT_EQ(trial.history.first(event::fault_healing)->at - observed, 4s);
    EXPECT_EQ(trial.history.of(event::agent_hello).size(), 1U);
    const auto* recovered = trial.history.first(event::recovered, "runner", "vm");
    ASSERT_NE(recovered, nullptr);
    EXPECT_LT(recovered->data.get<Duration>("agent_back"), 500ms);
    EXPECT_NE(trial.history.first(event::load_stopped), nullptr);
    expect_nothing_left(outcome);
}

TEST_F(TrialTest, DestroysAPanickedDomainAndStartsItAgain) {
    experiment_.faults = {fault("guest.panic", 3s)};
    const auto trial = stored(run()).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_EQ(trial.history.of(event::agent_hello).size(), 2U);
    EXPECT_EQ(trial.history.first(event::load_stopped), nullptr);
}

TEST_F(TrialTest, LetsTheLoadRunForItsTimeWithoutAnyFault) {
    const auto trial = stored(run()).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_GE(
        trial.history.last(event::phase_end, "runner", "load")->data.get<Duration>("duration"), 3s);
}

TEST_F(TrialTest, MarksEveryAcknowledgementInARecordedDisk) {
    experiment_.domains[0].disks[0].backing = "recorded";
    std::shared_ptr<SimDomain> domain;
    progress_.at_phase = [&](std::int64_t, std::string_view name) {
        if (name == phase::capture) {
            domain = sim_.machines()[0]->domains.begin()->second;
        }
    };
    const auto trial = stored(run()).trials.at(0);
    std::set<std::uint64_t> marked;
    for (const auto& bytes : domain->disk("data")->marks()) {
        const auto mark = ledger::decode_mark(bytes);
        ASSERT_TRUE(mark);
        EXPECT_EQ(mark->directory,
                  trial.history.first(event::load_started)->data.get<std::string>("directory"));
        marked.insert(mark->sequence);
    }
    EXPECT_TRUE(marked.contains(0)) << "the ledger's directory";
    std::int64_t acknowledged = 0;
    for (const auto* range : trial.history.of(event::ledger_acknowledged, "runner", "vm")) {
        acknowledged = range->data.get<std::int64_t>("last") + 1;
    }
    EXPECT_GT(acknowledged, 100);
    EXPECT_EQ(marked.size(), static_cast<std::size_t>(acknowledged) + 1);
}

TEST_F(TrialTest, RecordsEveryAcknowledgementOnceAndNoneAfterTheCapture) {
    experiment_.faults = {fault("qemu.kill")};
    const auto history = stored(run()).trials.at(0).history;
    const auto captured = history.first(event::phase_begin, "runner", phase::capture)->at;
    std::int64_t next = 0;
    for (const auto* range : history.of(event::ledger_acknowledged, "runner", "vm")) {
        EXPECT_EQ(range->data.get<std::int64_t>("first"), next);
        EXPECT_LE(range->at, captured);
        next = range->data.get<std::int64_t>("last") + 1;
    }
    EXPECT_GT(next, 100);
    EXPECT_EQ(history.of(event::load_started).size(), 1U);
}

TEST_F(TrialTest, IsInconclusiveWhenTheFaultDidNotAct) {
    experiment_.faults = {fault("qemu.kill")};
    sim_.mishaps().signals = Deed::does_nothing;
    const auto outcome = run();
    EXPECT_EQ(outcome.record.trials.at(0).verdict, Verdict::inconclusive);
    EXPECT_NE(outcome.record.trials.at(0).reason.find("did not act"), std::string::npos);
    EXPECT_EQ(exit_code(outcome, 0), 3);
    expect_nothing_left(outcome);
}

TEST_F(TrialTest, IsInconclusiveAndTearsDownWhicheverPhaseFails) {
    const std::map<std::string, std::function<void()>> mishaps{
        {"provision", [this] { sim_.mishaps().libvirt_hangs = true; }},
        {"boot", [this] { sim_.mishaps().agent_silent = true; }},
        {"load", [this] { sim_.mishaps().agent_silent = true; }},
        {"capture", [this] { sim_.supply_image("data", "/nonexistent"); }},
        {"recover", [this] { sim_.mishaps().agent_silent = true; }},
    };
    experiment_.faults = {fault("qemu.kill")};
    for (const auto& [failing, mishap] : mishaps) {
        progress_.phases.clear();
        progress_.at_phase = [&](std::int64_t, std::string_view name) {
            if (name == failing) {
                mishap();
            } else if (name == phase::tear_down) {
                sim_.mishaps() = {};
            }
        };
        const auto outcome = run();
        const auto trial = stored(outcome).trials.at(0);
        EXPECT_EQ(trial.verdict, Verdict::inconclusive) << failing;
        const auto* end = trial.history.first(event::phase_end, "runner", failing);
        ASSERT_NE(end, nullptr) << failing;
        EXPECT_FALSE(end->data.get<bool>("ok", true)) << failing;
        EXPECT_EQ(trial.reason, end->data.get<std::string>("error")) << failing;
        EXPECT_EQ(progress_.phases[1].back(), phase::tear_down) << failing;
        expect_nothing_left(outcome);
        sim_.supply_image("data", directory_.path() / "image");
    }
}

TEST_F(TrialTest, NeedsASteadyState) {
    experiment_.probes.push_back({.kind = "test.grim"});
    const auto trial = stored(run()).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::inconclusive);
    EXPECT_NE(trial.reason.find("test.grim says vm is dead"), std::string::npos) << trial.reason;
    EXPECT_EQ(trial.history.first(event::load_started), nullptr);
}

TEST_F(TrialTest, IsInconclusiveWhenAnExaminationBreaks) {
    experiment_.checks.front().params.set("breaks", true);
    const auto trial = stored(run()).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::inconclusive);
    EXPECT_NE(trial.reason.find("no glasses"), std::string::npos) << trial.reason;
}

TEST_F(TrialTest, FailsEvenWhenThereWasTrouble) {
    experiment_.faults = {fault("qemu.kill")};
    experiment_.checks.push_back({.kind = "failing"});
    sim_.mishaps().signals = Deed::does_nothing;
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::fail);
    EXPECT_EQ(trial.reason, "failing: bad");
    EXPECT_EQ(exit_code(outcome, 0), 1);
}

TEST_F(TrialTest, KeepsTheEvidenceOfAFailure) {
    experiment_.checks.push_back({.kind = "failing"});
    const auto record = stored(run());
    const std::vector<std::filesystem::path> expected{"trials/1/vm-data.captured.img"};
    EXPECT_EQ(record.trials.at(0).evidence, expected);
    EXPECT_TRUE(std::filesystem::exists(record.directory / expected.front()));
}

TEST_F(TrialTest, KeepsTheEvidenceOfAPassWhenAsked) {
    evidence_ = Evidence::of_all;
    const auto record = stored(run());
    EXPECT_EQ(record.trials.at(0).verdict, Verdict::pass);
    EXPECT_EQ(record.trials.at(0).evidence.size(), 1U);
}

TEST_F(TrialTest, WaitsForAManagementThatIsAwayWhenTheDomainIsToBeCaptured) {
    progress_.at_phase = [this](std::int64_t, std::string_view name) {
        if (name == phase::capture) {
            sim_.mishaps().libvirt = Deed::fails;
            sim_.agenda().after(5s, [this] { sim_.mishaps().libvirt = Deed::works; });
        }
    };
    const auto outcome = run();
    EXPECT_EQ(stored(outcome).trials.at(0).verdict, Verdict::pass);
    expect_nothing_left(outcome);
}

TEST_F(TrialTest, EndsByItsDeadline) {
    experiment_.deadline = 20s;
    experiment_.faults = {fault("qemu.stop", 1h)};
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::inconclusive);
    EXPECT_LT(trial.wall, 40s);
    EXPECT_NE(trial.history.first(event::fault_residue), nullptr);
    expect_nothing_left(outcome);
}

TEST_F(TrialTest, InjectsNothingWhenNobodyWatches) {
    experiment_.faults = {fault("qemu.stop")};
    progress_.at_phase = [this](std::int64_t, std::string_view name) {
        watch_.watches = watch_.watches && name != phase::load;
    };
    const auto outcome = run(3);
    EXPECT_EQ(outcome.ending, Ending::guarded);
    EXPECT_EQ(exit_code(outcome, 0), 4);
    const auto record = stored(outcome);
    ASSERT_EQ(record.trials.size(), 1U);
    EXPECT_EQ(record.trials[0].history.first(event::fault_injecting), nullptr);
    expect_nothing_left(outcome);
}

TEST_F(FailoverTest, StartsTheDomainElsewhereWhileItsHostIsAway) {
    experiment_.faults = {host_fault("host.power_off", 20s)};
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    const auto* recovered = trial.history.first(event::recovered, "runner", "vm");
    ASSERT_NE(recovered, nullptr);
    EXPECT_EQ(recovered->data.get<std::string>("host"), "n2");
    const auto hellos = trial.history.of(event::agent_hello);
    const auto* healing = trial.history.first(event::fault_healing);
    ASSERT_EQ(hellos.size(), 2U);
    ASSERT_NE(healing, nullptr);
    EXPECT_LT(hellos[1]->at, healing->at);
    const auto acknowledged = trial.history.of(event::ledger_acknowledged);
    ASSERT_FALSE(acknowledged.empty());
    EXPECT_LT(acknowledged.back()->at, hellos[1]->at) << "the second load is not judged";
    expect_nothing_left(outcome);
}

TEST_F(FailoverTest, LeavesADomainAloneThatStillRuns) {
    experiment_.faults = {fault("qemu.stop", 4s)};
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_FALSE(trial.history.first(event::recovered)->data.has("host"));
    EXPECT_EQ(trial.history.of(event::agent_hello).size(), 1U);
    expect_nothing_left(outcome);
}

TEST_F(FailoverTest, FollowsADomainThatIsMigrated) {
    experiment_.domains[0].failover.clear();
    experiment_.faults = {fault("domain.migrate")};
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_EQ(trial.history.of(event::agent_hello).size(), 1U) << "it was not started again";
    expect_nothing_left(outcome);
}

TEST_F(FailoverTest, DoesNotStartAMovedGuestAgainThatIsSilentForAMoment) {
    experiment_.domains[0].failover.clear();
    experiment_.faults = {fault("domain.migrate")};
    experiment_.duration = 5s;
    const auto send = [this](Signal signal) {
        for (auto* machine : sim_.machines()) {
            for (const auto& [name, domain] : machine->domains) {
                machine->processes().signal(domain->qemu().value(), signal);
            }
        }
    };
    progress_.at_phase = [this, send](std::int64_t, std::string_view name) {
        if (name == phase::load) {
            sim_.agenda().after(3500ms, [send] { send(Signal::stop); });
            sim_.agenda().after(6s, [send] { send(Signal::cont); });
        }
    };
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
    EXPECT_EQ(trial.history.of(event::agent_hello).size(), 1U) << "it was not started again";
    expect_nothing_left(outcome);
}

TEST_F(FailoverTest, SaysSoWhenTheOtherHostCannotStartIt) {
    experiment_.domains[0].failover = "n9";
    experiment_.faults = {host_fault("host.power_off", 5s)};
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_NE(trial.verdict, Verdict::pass);
    EXPECT_NE(trial.reason.find("n9"), std::string::npos) << trial.reason;
    expect_nothing_left(outcome);
}

}  // namespace
}  // namespace ordeal
