#pragma once

#include "campaign/catalogues.hpp"
#include "campaign/definition.hpp"
#include "campaign/plan.hpp"
#include "campaign/progress.hpp"
#include "campaign/trial.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace ordeal {

/// Somebody outside this process who rolls back should it die. The real one is a Guardian.
class Watchman {
  public:
    virtual ~Watchman() = default;
    /// Whether it watches now.
    [[nodiscard]] virtual Status watching() = 0;
    /// All is undone: it may go.
    virtual Status dismiss() = 0;
};

/// Where a run acts.
struct RunTestbed {
    std::string name;       ///< by which a rollback opens it
    std::string owned_lab;  ///< a lab that the run brings up and takes down; empty: none
    /// Brings up what is owned, and opens it.
    std::function<Result<std::unique_ptr<Testbed>>()> open;
    /// Takes down what is owned; not called when nothing is.
    std::function<Status()> take_down;
};

struct RunSettings {
    std::filesystem::path root = ".ordeal/runs";  ///< where a new run directory is made
    std::filesystem::path out;                    ///< or exactly this one; it must not exist
    int slots = 1;                                ///< trials at once
    Evidence evidence = Evidence::of_trouble;
    std::vector<std::string> command_line;
    std::string version;  ///< of this program
};

/// What a run is made with. All references must outlive it.
struct RunWorld {
    Scheduler& scheduler;
    const Catalogues& catalogues;
    Tools& tools;
    const RunTestbed& testbed;
    /// Starts who watches over the journal; its words go to `log`.
    const std::function<Result<std::unique_ptr<Watchman>>(
        const std::filesystem::path& journal, const std::filesystem::path& log)>& start_watchman;
    Progress& progress;
};

enum class Ending {
    complete,     ///< every planned trial has its verdict
    interrupted,  ///< by the stop token
    guarded,      ///< a guard ended it: residue, or nobody watches
    broken        ///< the run's own store or directory failed
};

struct RunOutcome {
    RunRecord record;  ///< without histories
    Ending ending = Ending::complete;
};

/// Carries out a plan in a new run directory. Trials with a service, or whose faults reach
/// a whole host, run alone. Errors are those before the first trial; afterwards everything is in
/// the outcome, and whatever happens, what was started is undone or reported as residue.
[[nodiscard]] Result<RunOutcome> run_campaign(const Plan& plan,
                                              std::span<const Definition> definitions,
                                              const RunSettings& settings,
                                              RunWorld& world,
                                              const std::stop_token& stop);

/// The program's exit code; `signal` is the one that interrupted it, or 0.
[[nodiscard]] int exit_code(const RunOutcome& outcome, int signal);

}  // namespace ordeal
