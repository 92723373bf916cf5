#include "campaign/runner.hpp"

#include "campaign/run_directory.hpp"
#include "campaign/slots.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <mutex>
#include <utility>

namespace ordeal {
namespace {

/// Makes the calls of several slots one at a time.
class OneAtATime final : public Progress {
  public:
    explicit OneAtATime(Progress& inner) : inner_(inner) {}

    void run_started(const RunRecord& run) override {
        const std::lock_guard lock(mutex_);
        inner_.run_started(run);
    }

    void trial_started(const TrialRecord& trial, int slot) override {
        const std::lock_guard lock(mutex_);
        inner_.trial_started(trial, slot);
    }

    void phase_started(std::int64_t trial, std::string_view name) override {
        const std::lock_guard lock(mutex_);
        inner_.phase_started(trial, name);
    }

    void trial_finished(const TrialRecord& trial) override {
        const std::lock_guard lock(mutex_);
        inner_.trial_finished(trial);
    }

    void stopping(const std::string& reason) override {
        const std::lock_guard lock(mutex_);
        inner_.stopping(reason);
    }

    void run_finished(const RunRecord& run) override {
        const std::lock_guard lock(mutex_);
        inner_.run_finished(run);
    }

  private:
    std::mutex mutex_;
    Progress& inner_;
};

/// Unlikely to meet another run's in the same lab, and short: libvirt puts it into socket paths.
std::string domain_prefix(const std::filesystem::path& directory) {
    std::error_code ignored;
    const auto path = std::filesystem::absolute(directory, ignored).string();
    return fmt::format("o{:06x}", std::hash<std::string>{}(path)&0xffffffU);
}

class Run {
  public:
    Run(const Plan& plan,
        std::span<const Definition> definitions,
        const RunSettings& settings,
        RunWorld& world,
        const std::stop_token& stop)
        : plan_(plan),
          definitions_(definitions),
          settings_(settings),
          world_(world),
          progress_(world.progress),
          stop_(stop),
          slots_(world.scheduler, which_run_alone()) {}

    Status prepare();
    RunOutcome execute();

  private:
    [[nodiscard]] std::vector<bool> which_run_alone() const;
    [[nodiscard]] std::string name() const;
    void describe();
    Status open_testbed();
    void run_trials();
    void work(int slot, TrialWorld& world);
    void finished(TrialResult result);
    /// Only the first reason counts. Trials that run go on to their end.
    void end(Ending ending, const std::string& reason);
    void close();

    const Plan& plan_;
    const std::span<const Definition> definitions_;
    const RunSettings& settings_;
    RunWorld& world_;
    OneAtATime progress_;
    const std::stop_token& stop_;
    Slots slots_;
    RunOutcome outcome_;
    std::mutex mutex_;  ///< of the outcome while trials run
    Instant start_{};
    std::unique_ptr<RunWriter> writer_;
    std::unique_ptr<UndoJournal> journal_;
    std::unique_ptr<Watchman> watchman_;
    std::optional<std::int64_t> lab_announced_;
    std::unique_ptr<Testbed> testbed_;
    const std::function<Status()> armed_ = [this] { return watchman_->watching(); };
};

std::vector<bool> Run::which_run_alone() const {
    std::vector<bool> alone;
    for (const auto& trial : plan_.trials) {
        const auto& experiment = plan_.experiments.at(trial.experiment);
        const auto reaches_host = [this](const FaultSpec& fault) {
            const auto* info = find_kind(world_.catalogues.kinds.faults, fault.kind);
            return info != nullptr && info->blast == "host";
        };
        // Two services of one address would be seen as one.
        alone.push_back(experiment.service.has_value() ||
                        std::ranges::any_of(experiment.faults, reaches_host));
    }
    return alone;
}

std::string Run::name() const {
    return definitions_.size() == 1 ? definitions_.front().name : "campaign";
}

void Run::describe() {
    auto& run = outcome_.record;
    run.id = run.directory.filename().string();
    run.started = world_.scheduler.wall();
    run.command_line = settings_.command_line;
    run.seed = plan_.seed;
    run.planned_trials = static_cast<int>(plan_.trials.size());
    run.versions = {{"ordeal", settings_.version}};
    for (const auto& definition : definitions_) {
        run.experiments.push_back({.name = definition.name,
                                   .title = definition.title,
                                   .question = definition.question,
                                   .path = definition.path,
                                   .text = definition.text});
    }
}

/// In this order: nothing exists that nobody would undo.
Status Run::prepare() {
    start_ = world_.scheduler.now();
    auto directory = settings_.out.empty()
                         ? make_run_directory(settings_.root, name(), world_.scheduler.wall())
                         : make_run_directory(settings_.out);
    if (!directory) {
        return directory.error();
    }
    outcome_.record.directory = *directory;
    describe();
    auto store = Store::create(*directory);
    if (!store) {
        return store.error();
    }
    writer_ = std::make_unique<RunWriter>(std::move(*store));
    if (auto status = writer_->begin_run(outcome_.record); !status) {
        return status;
    }
    auto journal =
        UndoJournal::create(*directory / "undo.journal", {outcome_.record.id, world_.testbed.name});
    if (!journal) {
        return journal.error();
    }
    journal_ = std::move(*journal);
    auto watchman = world_.start_watchman(*directory / "undo.journal", *directory / "guardian.log");
    if (!watchman) {
        return watchman.error();
    }
    watchman_ = std::move(*watchman);
    progress_.run_started(outcome_.record);
    auto opened = open_testbed();
    if (!opened) {
        end(Ending::broken, opened.error().text());
        close();
    }
    return opened;
}

Status Run::open_testbed() {
    if (!world_.testbed.owned_lab.empty()) {
        auto announced = journal_->announce(TakeDownLab{world_.testbed.owned_lab});
        if (!announced) {
            return announced.error();
        }
        lab_announced_ = *announced;
    }
    auto testbed = world_.testbed.open();
    if (!testbed) {
        return testbed.error();
    }
    testbed_ = std::move(*testbed);
    const auto versions = testbed_->versions();
    for (const auto& [name, value] : versions.all()) {
        outcome_.record.versions.set(name, value);
    }
    return ok();
}

RunOutcome Run::execute() {
    run_trials();
    auto& run = outcome_.record;
    std::ranges::sort(run.trials, {}, &TrialRecord::number);
    const bool complete = static_cast<int>(run.trials.size()) == run.planned_trials;
    if (!complete && stop_.stop_requested()) {
        end(Ending::interrupted, "interrupted");
    }
    close();
    progress_.run_finished(run);
    return std::move(outcome_);
}

void Run::run_trials() {
    TrialWorld world{.testbed = *testbed_,
                     .scheduler = world_.scheduler,
                     .catalogues = world_.catalogues,
                     .tools = world_.tools,
                     .writer = *writer_,
                     .journal = *journal_,
                     .armed = armed_,
                     .progress = progress_,
                     .run_directory = outcome_.record.directory,
                     .prefix = domain_prefix(outcome_.record.directory),
                     .evidence = settings_.evidence};
    std::vector<std::unique_ptr<Task>> tasks;
    for (int slot = 0; slot < std::max(1, settings_.slots); ++slot) {
        tasks.push_back(
            world_.scheduler.spawn(fmt::format("slot {}", slot),
                                   [this, slot, &world](const auto&) { work(slot, world); }));
    }
    for (const auto& task : tasks) {
        task->join();
    }
}

void Run::work(int slot, TrialWorld& world) {
    std::size_t most_domains = 1;
    for (const auto& experiment : plan_.experiments) {
        most_domains = std::max(most_domains, experiment.domains.size());
    }
    const int first_address = slot * static_cast<int>(most_domains);
    while (const auto index = slots_.take(stop_)) {
        const auto& planned = plan_.trials[*index];
        Trial trial(world, plan_.experiments.at(planned.experiment), planned, first_address);
        finished(trial.run(stop_));
        if (auto watching = watchman_->watching(); !watching) {
            end(Ending::guarded, watching.error().text());
        }
        if (auto written = writer_->status(); !written) {
            end(Ending::broken, written.error().text());
        }
        slots_.give_back(*index);
    }
}

void Run::finished(TrialResult result) {
    if (result.residue) {
        end(Ending::guarded,
            fmt::format("something of trial {} is left: later trials would suffer from it",
                        result.record.number));
    }
    if (!result.interrupted) {
        progress_.trial_finished(result.record);
    }
    const std::lock_guard lock(mutex_);
    outcome_.record.residue = outcome_.record.residue || result.residue;
    if (!result.interrupted) {
        outcome_.record.trials.push_back(std::move(result.record));
    }
}

void Run::end(Ending ending, const std::string& reason) {
    {
        const std::lock_guard lock(mutex_);
        if (outcome_.ending != Ending::complete) {
            return;
        }
        outcome_.ending = ending;
        outcome_.record.stop_reason = reason;
    }
    slots_.close();
    progress_.stopping(reason);
}

void Run::close() {
    auto& run = outcome_.record;
    testbed_.reset();
    if (lab_announced_) {
        auto down = world_.testbed.take_down();
        if (down) {
            down = journal_->done(*lab_announced_);
        }
        if (!down) {
            run.residue = true;
            end(Ending::guarded, down.error().text());
        }
    }
    run.wall = world_.scheduler.now() - start_;
    run.finished = outcome_.ending == Ending::complete;
    if (auto stored = writer_->finish_run(run); !stored) {
        run.finished = false;
        end(Ending::broken, stored.error().text());
    }
    // What is left is for `ordeal rollback`, which a person starts when its cause is mended.
    if (auto dismissed = watchman_->dismiss(); !dismissed) {
        spdlog::warn("guardian does not end error={}", dismissed.error().text());
    }
}

}  // namespace

Result<RunOutcome> run_campaign(const Plan& plan,
                                std::span<const Definition> definitions,
                                const RunSettings& settings,
                                RunWorld& world,
                                const std::stop_token& stop) {
    Run run(plan, definitions, settings, world, stop);
    if (auto status = run.prepare(); !status) {
        return status.error();
    }
    return run.execute();
}

int exit_code(const RunOutcome& outcome, int signal) {
    constexpr int residue = 6;
    constexpr int guarded = 4;
    constexpr int inconclusive = 3;
    if (outcome.record.residue) {
        return residue;
    }
    switch (outcome.ending) {
        case Ending::interrupted:
            return 128 + signal;
        case Ending::guarded:
            return guarded;
        case Ending::broken:
            return outcome.record.verdict() == Verdict::fail ? 1 : inconclusive;
        case Ending::complete:
            break;
    }
    switch (outcome.record.verdict()) {
        case Verdict::pass:
            return 0;
        case Verdict::fail:
            return 1;
        case Verdict::inconclusive:
            break;
    }
    return inconclusive;
}

}  // namespace ordeal
