#pragma once

#include "campaign/runner.hpp"
#include "campaign/store.hpp"
#include "campaign/undo_journal.hpp"
#include "injectors/catalogue.hpp"
#include "probes/catalogue.hpp"
#include "testbed/cache.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/process.hpp"
#include "testbed/thread_scheduler.hpp"
#include "tests/live/needs.hpp"
#include "verifier/catalogue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace ordeal {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Programs final : public Tools {
  public:
    Result<Output> run(const std::vector<std::string>& argv, Duration deadline) override {
        auto output = ordeal::run(argv, {.deadline = deadline});
        if (!output) {
            return output.error();
        }
        return Output{output->exit.code, std::move(output->out), std::move(output->err)};
    }
};

/// Nobody must undo anything for this process: the test takes its lab down itself.
class TestWatchman final : public Watchman {
  public:
    Status watching() override { return ok(); }

    Status dismiss() override { return ok(); }
};

class LiveRun : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto need = missing_need(); !need.empty()) {
            GTEST_SKIP() << need;
        }
        lab_ = "run-test-" + std::to_string(::getpid());
        directory_ = fs::temp_directory_path() / ("ordeal-" + lab_);
        testbed_.name = "lab:" + lab_;
        testbed_.owned_lab = lab_;
        testbed_.open = [this]() -> Result<std::unique_ptr<Testbed>> {
            if (auto up = Lab::up({.name = lab_, .nodes = hosts_}); !up) {
                return up.error();
            }
            auto opened = LabTestbed::open({.lab = lab_}, scheduler_);
            if (!opened) {
                return opened.error();
            }
            return std::unique_ptr<Testbed>(std::move(*opened));
        };
        testbed_.take_down = [this]() -> Status {
            auto found = Lab::open(lab_);
            return found ? found->down() : Status(found.error());
        };
    }

    void TearDown() override {
        if (auto left = Lab::open(lab_)) {
            ADD_FAILURE() << "the lab is still there";
            EXPECT_TRUE(left->down());
        }
        fs::remove_all(directory_);
    }

    /// A shipped experiment's definition.
    std::vector<Definition> shipped(const std::string& experiment) {
        const fs::path path = fs::path(ORDEAL_SOURCE_DIR) / "experiments" / (experiment + ".toml");
        Diagnostics wrong;
        auto definitions = load_definitions(std::span(&path, 1), *kinds_, wrong);
        EXPECT_EQ(definitions.size(), 1U) << to_text(wrong);
        for (auto& cell : definitions.at(0).cells) {
            cell.deadline = 10min;
        }
        return definitions;
    }

    RunRecord run(const std::string& experiment, int trials, int slots) {
        return run(shipped(experiment), trials, slots);
    }

    RunRecord run(const std::vector<Definition>& definitions, int trials, int slots) {
        const auto plan = make_plan(definitions, {.seed = 3, .trials = trials});
        EXPECT_TRUE(plan) << plan.error().text();
        hosts_ = hosts_needed(*plan);
        const Catalogues catalogues{
            injectors::catalogue(), probes::catalogue(), verifier::catalogue(), *kinds_};
        Programs tools;
        Progress silent;
        const std::function<Result<std::unique_ptr<Watchman>>(const fs::path&, const fs::path&)>
            start_watchman = [](const auto&, const auto&) {
                return Result<std::unique_ptr<Watchman>>(std::make_unique<TestWatchman>());
            };
        RunWorld world{scheduler_, catalogues, tools, testbed_, start_watchman, silent};
        const auto outcome = run_campaign(
            *plan, definitions, {.root = directory_, .slots = slots, .version = "test"}, world, {});
        EXPECT_TRUE(outcome) << outcome.error().text();
        auto record = load_run(directory_ / "latest", Load::events);
        EXPECT_TRUE(record) << record.error().text();
        EXPECT_TRUE(read_journal(directory_ / "latest" / "undo.journal")->open.empty());
        EXPECT_FALSE(record->residue);
        return std::move(*record);
    }

    /// The faults acted and left nothing, the disks are sound, and the domain serves again.
    static void expect_sound(const RunRecord& record) {
        EXPECT_TRUE(record.finished) << record.stop_reason;
        for (const auto& trial : record.trials) {
            SCOPED_TRACE("trial " + std::to_string(trial.number) + ": " + trial.reason);
            const auto* observed = trial.history.first(event::fault_observed);
            ASSERT_NE(observed, nullptr);
            EXPECT_EQ(observed->data.get<std::string>("activation"), "active");
            EXPECT_NE(trial.history.first(event::recovered), nullptr);
            for (const auto& finding : trial.findings) {
                if (finding.check == "no_acked_write_lost" || finding.check == "filesystem_sound") {
                    EXPECT_NE(finding.verdict, Verdict::fail) << finding.summary;
                }
            }
        }
    }

    static Verdict verdict_on(const TrialRecord& trial, const std::string& observer) {
        for (const auto& finding : trial.findings) {
            if (finding.check == "state_agrees" && finding.subject.starts_with(observer)) {
                return finding.verdict;
            }
        }
        return Verdict::inconclusive;
    }

    const Result<KindLibrary> kinds_ = builtin_kinds();
    int hosts_ = 1;
    ThreadScheduler scheduler_;
    std::string lab_;
    fs::path directory_;
    RunTestbed testbed_;
};

}  // namespace ordeal
