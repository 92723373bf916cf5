#include "tests/campaign/campaign_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <optional>
#include <sys/resource.h>

namespace ordeal {
namespace {

/// Lets no file of this process grow beyond a size: writes fail as on a full disk (EFBIG).
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }

    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, SIG_DFL);
    }

    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit before_{};
};

class RunnerTest : public CampaignTest {
  protected:
    [[nodiscard]] Definition definition(const std::string& name) const {
        Definition made;
        made.name = name;
        made.cells = {experiment_};
        made.cells.front().name = name;
        return made;
    }
};

TEST_F(RunnerTest, WritesDownWhatWasRun) {
    auto made = definition("one");
    made.title = "A title";
    made.question = "Why?";
    made.path = "one.toml";
    made.text = "[experiment]";
    const auto record = stored(run({made}, 2, 1));
    EXPECT_TRUE(record.finished);
    EXPECT_EQ(record.seed, 7U);
    EXPECT_EQ(record.planned_trials, 2);
    EXPECT_EQ(record.trials.size(), 2U);
    EXPECT_EQ(record.command_line, (std::vector<std::string>{"ordeal", "run"}));
    EXPECT_EQ(record.versions.get<std::string>("ordeal"), "test");
    EXPECT_EQ(record.versions.get<std::string>("testbed"), "simulated");
    ASSERT_EQ(record.experiments.size(), 1U);
    EXPECT_EQ(record.experiments[0].question, "Why?");
    EXPECT_EQ(record.experiments[0].text, "[experiment]");
    EXPECT_TRUE(record.id.ends_with("-one")) << record.id;
    const auto latest = load_run(directory_.path() / "runs" / "latest", Load::summaries);
    ASSERT_TRUE(latest) << latest.error().text();
    EXPECT_EQ(latest->id, record.id);
}

TEST_F(RunnerTest, GivesNoVerdictThatItCouldNotStore) {
    experiment_.faults = {fault("qemu.kill")};
    std::optional<RunOutcome> outcome;
    {
        const FileSizeLimit limit(512U << 10U);
        outcome = run(200, 2);
    }
    ASSERT_EQ(outcome->ending, Ending::broken) << "the limit was not reached";
    const auto kept = stored(*outcome);
    EXPECT_FALSE(kept.finished);
    EXPECT_GT(kept.trials.size(), 0U) << "finished trials are kept";
    const auto passed =
        std::ranges::count(outcome->record.trials, Verdict::pass, &TrialRecord::verdict);
    EXPECT_EQ(static_cast<std::size_t>(passed), kept.trials.size());
    EXPECT_EQ(exit_code(*outcome, 0), 3);
}

TEST_F(RunnerTest, GivesTheSameHistoryForTheSameSeed) {
    experiment_.faults = {fault("qemu.kill"), fault("guest.panic")};
    experiment_.faults[1].at = {500ms, 900ms};
    const auto first = stored(run(2));
    const auto second = stored(run(2));
    ASSERT_EQ(first.trials.size(), 2U);
    ASSERT_EQ(second.trials.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(first.trials[i].verdict, second.trials[i].verdict);
        const auto one = first.trials[i].history.all();
        const auto two = second.trials[i].history.all();
        ASSERT_EQ(one.size(), two.size());
        for (std::size_t event = 0; event < one.size(); ++event) {
            EXPECT_EQ(one[event].at, two[event].at);
            EXPECT_EQ(one[event].kind, two[event].kind);
            EXPECT_EQ(one[event].subject, two[event].subject);
        }
    }
    EXPECT_NE(first.trials[0].history.first(event::fault_injecting)->at,
              first.trials[1].history.first(event::fault_injecting)->at);
}

TEST_F(RunnerTest, RunsAsManyTrialsAtOnceAsThereAreSlots) {
    experiment_.faults = {fault("qemu.kill")};
    const auto outcome = run(5, 2);
    EXPECT_EQ(outcome.record.trials.size(), 5U);
    EXPECT_EQ(outcome.record.verdict(), Verdict::pass);
    EXPECT_EQ(progress_.most_running, 2U);
    expect_nothing_left(outcome);
}

TEST_F(RunnerTest, RunsATrialAloneWhoseFaultReachesTheHost) {
    auto wide = definition("wide");
    wide.cells[0].faults = {fault("libvirtd.kill")};
    wide.cells[0].faults[0].target = "n1";
    const auto outcome = run({definition("narrow"), wide}, 3, 3);
    ASSERT_EQ(outcome.record.trials.size(), 6U);
    EXPECT_GT(progress_.most_running, 1U);
    for (const auto& trial : outcome.record.trials) {
        EXPECT_EQ(trial.verdict, Verdict::pass) << trial.reason;
        if (trial.experiment == "wide") {
            EXPECT_EQ(progress_.with[trial.number].size(), 1U) << trial.number;
        }
    }
    expect_nothing_left(outcome);
}

TEST_F(RunnerTest, RunsATrialAloneWhoseDomainsServeTogether) {
    experiment_.faults = {fault("qemu.kill")};
    experiment_.service = ServiceSpec{.address = "10.77.100.1", .members = {"vm"}};
    const auto outcome = run(3, 3);
    ASSERT_EQ(outcome.record.trials.size(), 3U);
    EXPECT_EQ(progress_.most_running, 1U) << "one address";
    expect_nothing_left(outcome);
}

TEST_F(RunnerTest, UndoesEverythingWhereverItIsStopped) {
    experiment_.faults = {fault("qemu.stop", 4s)};
    for (const std::string stopped :
         {"provision", "boot", "steady", "load", "capture", "recover"}) {
        stop_ = {};
        progress_.finished.clear();
        progress_.at_phase = [&](std::int64_t trial, std::string_view name) {
            if (trial == 2 && name == stopped) {
                stop_.request_stop();
            }
        };
        const auto outcome = run(3);
        EXPECT_EQ(outcome.ending, Ending::interrupted) << stopped;
        EXPECT_EQ(exit_code(outcome, 2), 130);
        EXPECT_EQ(progress_.finished, std::vector<std::int64_t>{1}) << stopped;
        const auto record = stored(outcome);
        EXPECT_FALSE(record.finished);
        EXPECT_EQ(record.stop_reason, "interrupted");
        ASSERT_EQ(record.trials.size(), 1U) << stopped;
        EXPECT_EQ(record.trials[0].verdict, Verdict::pass);
        expect_nothing_left(outcome);
    }
}

TEST_F(RunnerTest, HealsTheFaultThatIsActiveWhenItIsStopped) {
    experiment_.faults = {fault("qemu.stop", 1h)};
    experiment_.deadline = 2h;
    std::unique_ptr<Task> stopper;
    progress_.at_phase = [&](std::int64_t, std::string_view name) {
        if (name == phase::load) {
            stopper = scheduler_.spawn("stopper", [this](const std::stop_token& stop) {
                scheduler_.wait_for(10s, stop);
                stop_.request_stop();
                scheduler_.notify();
            });
        }
    };
    const auto begin = scheduler_.now();
    const auto outcome = run();
    EXPECT_LT(scheduler_.now() - begin, 1min);
    const auto history = load_history(outcome.record.directory, 1);
    ASSERT_TRUE(history);
    ASSERT_NE(history->first(event::fault_residue), nullptr);
    EXPECT_EQ(history->first(event::fault_residue)->data.get<std::string>("residue"), "none");
    expect_nothing_left(outcome);
}

TEST_F(RunnerTest, StopsWhenSomethingIsLeft) {
    experiment_.faults = {fault("libvirtd.kill")};
    experiment_.faults[0].target = "n1";
    sim_.mishaps().services = Deed::fails;
    const auto outcome = run(3);
    EXPECT_EQ(outcome.ending, Ending::guarded);
    EXPECT_TRUE(outcome.record.residue);
    EXPECT_EQ(exit_code(outcome, 0), 6);
    const auto record = stored(outcome);
    EXPECT_TRUE(record.residue);
    EXPECT_EQ(record.trials.size(), 1U);
    const auto journal = read_journal(outcome.record.directory / "undo.journal");
    ASSERT_TRUE(journal);
    EXPECT_FALSE(journal->open.empty());
}

TEST_F(RunnerTest, ClearsAFaultThatWentWithItsDomain) {
    experiment_.faults = {fault("qemu.stop", 4s)};
    std::unique_ptr<Task> saboteur;
    progress_.at_phase = [&](std::int64_t, std::string_view name) {
        if (name == phase::load) {
            saboteur = scheduler_.spawn("saboteur", [this](const std::stop_token& stop) {
                scheduler_.wait_for(2500ms, stop);
                sim_.mishaps().signals = Deed::fails;
            });
        } else if (name == phase::capture) {
            sim_.mishaps().signals = Deed::works;
        }
    };
    const auto outcome = run();
    const auto trial = stored(outcome).trials.at(0);
    EXPECT_EQ(trial.verdict, Verdict::inconclusive);
    EXPECT_NE(trial.reason.find("heal"), std::string::npos) << trial.reason;
    expect_nothing_left(outcome);
}

TEST_F(RunnerTest, TakesDownTheLabThatItBroughtUp) {
    int downs = 0;
    testbed_.owned_lab = "mine";
    testbed_.take_down = [&downs] {
        ++downs;
        return ok();
    };
    const auto outcome = run();
    EXPECT_EQ(downs, 1);
    expect_nothing_left(outcome);
}

TEST_F(RunnerTest, ReportsALabThatDoesNotGoDown) {
    testbed_.owned_lab = "mine";
    testbed_.take_down = [] { return Status(fail(ErrorKind::timeout, "take down", "it stays")); };
    const auto outcome = run();
    EXPECT_TRUE(outcome.record.residue);
    EXPECT_EQ(exit_code(outcome, 0), 6);
    EXPECT_EQ(read_journal(outcome.record.directory / "undo.journal")->open.size(), 1U);
}

TEST(ExitCode, SaysWhatHappened) {
    RunOutcome outcome;
    outcome.record.planned_trials = 1;
    EXPECT_EQ(exit_code(outcome, 0), 3) << "nothing was run";
    outcome.record.trials = {{.verdict = Verdict::pass}};
    EXPECT_EQ(exit_code(outcome, 0), 0);
    outcome.record.trials = {{.verdict = Verdict::fail}};
    EXPECT_EQ(exit_code(outcome, 0), 1);
    outcome.ending = Ending::broken;
    EXPECT_EQ(exit_code(outcome, 0), 1);
    outcome.record.trials.clear();
    EXPECT_EQ(exit_code(outcome, 0), 3);
    outcome.ending = Ending::guarded;
    EXPECT_EQ(exit_code(outcome, 0), 4);
    outcome.ending = Ending::interrupted;
    EXPECT_EQ(exit_code(outcome, 15), 143);
    outcome.record.residue = true;
    EXPECT_EQ(exit_code(outcome, 15), 6);
}

}  // namespace
}  // namespace ordeal
