#pragma once

#include "campaign/runner.hpp"
#include "campaign/store.hpp"
#include "campaign/undo_journal.hpp"
#include "injectors/catalogue.hpp"
#include "testbed/sim/sim_testbed.hpp"
#include "tests/campaign/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ordeal {

using namespace std::chrono_literals;

/// Says alive while beats come, and dead half a second after the last.
class BeatProbe final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        constexpr Duration patience = 500ms;
        std::mutex mutex;
        std::optional<Instant> last;
        const auto beats = context.guest.on_beat([&](const Beat& beat) {
            {
                const std::lock_guard lock(mutex);
                last = beat.arrived;
            }
            context.observer.saw(Opinion::alive, "beats", beat.arrived);
        });
        while (context.scheduler.wait_for(100ms, stop) != Woken::stopped) {
            const std::lock_guard lock(mutex);
            if (last && context.scheduler.now() - *last > patience) {
                context.observer.saw(Opinion::dead, "no beats", last);
            }
        }
    }
};

/// Has never seen anything alive.
class GrimProbe final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        context.observer.saw(Opinion::dead, "as always");
        context.scheduler.wait_until(Instant::max(), stop);
    }
};

/// Passes when its examination was made.
class LookingCheck : public Check {
  public:
    Status examine(ExamineContext& context,
                   const Specimen& specimen,
                   const Params& params) const override {
        if (params.get<bool>("breaks")) {
            return fail(ErrorKind::missing, "look at the disk", "no glasses");
        }
        context.recorder.record({.at = context.at,
                                 .kind = std::string(event::examined),
                                 .source = "looking",
                                 .subject = specimen.domain});
        return ok();
    }

    [[nodiscard]] std::vector<Finding> judge(const History& history,
                                             const Experiment& experiment,
                                             const Params& /*params*/) const override {
        std::vector<Finding> findings;
        for (const auto& domain : experiment.domains) {
            const bool seen = history.first(event::examined, "looking", domain.name) != nullptr;
            findings.push_back({.check = "looking",
                                .subject = domain.name,
                                .verdict = seen ? Verdict::pass : Verdict::inconclusive,
                                .summary = seen ? "looked" : "did not look"});
        }
        return findings;
    }
};

class FailingCheck : public Check {
  public:
    [[nodiscard]] std::vector<Finding> judge(const History& /*history*/,
                                             const Experiment& /*experiment*/,
                                             const Params& /*params*/) const override {
        return {{.check = "failing", .subject = "vm", .verdict = Verdict::fail, .summary = "bad"}};
    }
};

class NoTools final : public Tools {
  public:
    Result<Output> run(const std::vector<std::string>& argv, Duration /*deadline*/) override {
        return fail(ErrorKind::missing, "run " + argv.front(), "not in this test");
    }
};

/// What the watchman of a test is asked and says.
struct FakeWatch {
    bool watches = true;
    bool dismissed = false;
};

class FakeWatchman final : public Watchman {
  public:
    explicit FakeWatchman(FakeWatch& watch) : watch_(watch) {}

    Status watching() override {
        return watch_.watches ? ok() : Status(fail(ErrorKind::refused, "ask the watchman", "gone"));
    }

    Status dismiss() override {
        watch_.dismissed = true;
        return ok();
    }

  private:
    FakeWatch& watch_;
};

/// Notes what it hears; calls `at_phase` whenever a phase starts, for mishaps in good time.
class NotingProgress final : public Progress {
  public:
    void trial_started(const TrialRecord& trial, int /*slot*/) override {
        running.insert(trial.number);
        most_running = std::max(most_running, running.size());
        with.insert({trial.number, running});
        for (const auto number : running) {
            with[number].insert(running.begin(), running.end());
        }
    }

    void phase_started(std::int64_t trial, std::string_view name) override {
        phases[trial].emplace_back(name);
        if (name == phase::tear_down) {
            running.erase(trial);
        }
        if (at_phase) {
            at_phase(trial, name);
        }
    }

    void trial_finished(const TrialRecord& trial) override { finished.push_back(trial.number); }

    std::set<std::int64_t> running;
    std::map<std::int64_t, std::set<std::int64_t>> with;  ///< which trials ran beside each
    std::size_t most_running = 0;
    std::map<std::int64_t, std::vector<std::string>> phases;
    std::vector<std::int64_t> finished;
    std::function<void(std::int64_t, std::string_view)> at_phase;
};

/// Runs campaigns on a simulated testbed.
class CampaignTest : public testing::Test {
  protected:
    explicit CampaignTest(const std::vector<std::string>& hosts = {"n1"})
        : sim_(scheduler_, hosts) {
        const auto image = directory_.path() / "image";
        std::ofstream(image) << "a disk";
        sim_.supply_image("data", image);
        testbed_.name = "sim";
        testbed_.open = [this] {
            return Result<std::unique_ptr<Testbed>>(std::make_unique<SimTestbed>(sim_));
        };
        experiment_.name = "example";
        experiment_.settle = 300ms;
        experiment_.duration = 3s;
        experiment_.deadline = 90s;
        experiment_.domains = {{.name = "vm", .disks = {{.name = "data"}}}};
        experiment_.loads = {{.domain = "vm", .profile = "append_fsync"}};
        experiment_.probes = {{.kind = "test.beat", .params = {{"interval", Duration(100ms)}}}};
        experiment_.checks = {{.kind = "looking"}};
    }

    static FaultSpec fault(const std::string& kind, Duration hold = 1s) {
        return {.id = kind, .kind = kind, .target = "vm", .at = {1s, 2s}, .hold = {hold, hold}};
    }

    RunOutcome run(int trials = 1, int slots = 1) {
        std::vector<Definition> definitions(1);
        definitions[0].name = experiment_.name;
        definitions[0].cells = {experiment_};
        return run(definitions, trials, slots);
    }

    RunOutcome run(const std::vector<Definition>& definitions, int trials, int slots) {
        const auto plan = make_plan(definitions, {.seed = 7, .trials = trials});
        EXPECT_TRUE(plan) << plan.error().text();
        const auto kinds = builtin_kinds();
        EXPECT_TRUE(kinds) << kinds.error().text();
        const Catalogues catalogues{injectors::catalogue(), probes_, checks_, *kinds};
        NoTools tools;
        const std::function<Result<std::unique_ptr<Watchman>>(const std::filesystem::path&,
                                                              const std::filesystem::path&)>
            start_watchman = [this](const auto&, const auto&) {
                return Result<std::unique_ptr<Watchman>>(std::make_unique<FakeWatchman>(watch_));
            };
        RunWorld world{scheduler_, catalogues, tools, testbed_, start_watchman, progress_};
        const RunSettings settings{.root = directory_.path() / "runs",
                                   .slots = slots,
                                   .evidence = evidence_,
                                   .command_line = {"ordeal", "run"},
                                   .version = "test"};
        auto outcome = run_campaign(*plan, definitions, settings, world, stop_.get_token());
        EXPECT_TRUE(outcome) << outcome.error().text();
        return std::move(*outcome);
    }

    /// The run as a reader of its directory sees it.
    static RunRecord stored(const RunOutcome& outcome) {
        auto loaded = load_run(outcome.record.directory, Load::events);
        EXPECT_TRUE(loaded) << loaded.error().text();
        return std::move(*loaded);
    }

    void expect_nothing_left(const RunOutcome& outcome) {
        for (const auto* machine : sim_.machines()) {
            EXPECT_TRUE(machine->domains.empty());
        }
        const auto journal = read_journal(outcome.record.directory / "undo.journal");
        ASSERT_TRUE(journal) << journal.error().text();
        EXPECT_TRUE(journal->open.empty());
        EXPECT_FALSE(outcome.record.residue);
        EXPECT_TRUE(watch_.dismissed);
    }

    TemporaryDirectory directory_;
    SimScheduler scheduler_;
    SimWorld sim_;
    Experiment experiment_;
    std::stop_source stop_;
    NotingProgress progress_;
    FakeWatch watch_;
    Evidence evidence_ = Evidence::of_trouble;
    RunTestbed testbed_;
    std::vector<CatalogueRow<Probe>> probes_{
        {"test.beat", "", [] { return std::unique_ptr<Probe>(std::make_unique<BeatProbe>()); }},
        {"test.grim", "", [] { return std::unique_ptr<Probe>(std::make_unique<GrimProbe>()); }}};
    std::vector<CatalogueRow<Check>> checks_{
        {"looking", "", [] { return std::unique_ptr<Check>(std::make_unique<LookingCheck>()); }},
        {"failing", "", [] { return std::unique_ptr<Check>(std::make_unique<FailingCheck>()); }}};
};

}  // namespace ordeal
