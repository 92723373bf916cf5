#pragma once

#include "campaign/catalogues.hpp"
#include "campaign/fault_task.hpp"
#include "campaign/plan.hpp"
#include "campaign/progress.hpp"
#include "campaign/trial_domain.hpp"
#include "campaign/trial_service.hpp"
#include "campaign/trigger.hpp"
#include "campaign/undo_journal.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace ordeal {

enum class Evidence { of_trouble, of_all };

/// What all trials of a run share. All references must outlive the trials.
struct TrialWorld {
    Testbed& testbed;
    Scheduler& scheduler;
    const Catalogues& catalogues;
    Tools& tools;
    RunWriter& writer;
    UndoJournal& journal;
    const std::function<Status()>& armed;  ///< see FaultWorld
    Progress& progress;
    std::filesystem::path run_directory;
    std::string prefix;  ///< of the names of this run's domains
    Evidence evidence = Evidence::of_trouble;
};

struct TrialResult {
    TrialRecord record;        ///< without history
    bool interrupted = false;  ///< no result; nothing of it counts but the residue
    bool residue = false;      ///< of a fault or of a domain
};

/// One trial, from provisioning to tearing down. `run` is called once.
class Trial {
  public:
    /// `first_slot` selects the addresses of its domains, together with the next ones.
    Trial(TrialWorld& world,
          const Experiment& experiment,
          const PlannedTrial& planned,
          int first_slot);

    /// Always tears down, also after a failure and when stopped.
    TrialResult run(const std::stop_token& stop);

  private:
    enum class Stoppable { yes, no };
    using Step = Status (Trial::*)();

    Status phase(std::string_view name, Step step, Stoppable stoppable = Stoppable::yes);
    // The phases, in their order; see the table in run().
    Status provision();
    Status boot();
    Status hold_steady();
    Status load_and_inject();
    Status capture();
    Status examine();
    Status recover();
    Status judge();
    Status tear_down();

    [[nodiscard]] std::optional<MemberSpec> member(const std::string& domain) const;
    Status start_loads();
    Status make_faults();
    void set_triggers();
    void strike(std::size_t index, Instant start, const std::stop_token& stop);
    [[nodiscard]] LoadOrder load_order(const LoadSpec& spec, std::string_view purpose) const;
    [[nodiscard]] bool steady() const;
    [[nodiscard]] bool has_load(const TrialDomain& domain) const;
    [[nodiscard]] std::optional<Instant> last_healing() const;
    [[nodiscard]] std::optional<Fields> revival(TrialDomain& domain) const;
    Status restart(TrialDomain& domain);
    /// Starts it by `start`, and its load; returns what event::recovered shall say.
    [[nodiscard]] Result<Fields> start_again(TrialDomain& domain,
                                             Status (TrialDomain::*start)(Instant,
                                                                          const std::stop_token&));
    void start_failovers();
    void fail_over(std::size_t index, const std::stop_token& stop);
    [[nodiscard]] bool failovers_ended() const;
    Status persist(const std::function<Status()>& deed, const std::stop_token& stop);
    void stop_faults();
    void stop_failovers();
    void tell_failed_failovers();
    [[nodiscard]] std::optional<Fields> failed_over(const TrialDomain& domain) const;
    void conclude();
    void keep_or_drop_evidence();
    void trouble(const std::string& reason);
    [[nodiscard]] Status stopped(const std::string& tried) const;

    TrialWorld& world_;
    const Experiment& experiment_;
    const PlannedTrial& planned_;
    const int first_slot_;
    const std::filesystem::path directory_;
    TrialResult result_;
    std::vector<std::string> troubles_;
    std::stop_token stop_;
    TrialRecorder recorder_;
    Instant deadline_{};
    FaultWorld fault_world_;
    std::vector<std::unique_ptr<TrialDomain>> domains_;
    TrialService service_;
    std::vector<std::int64_t> announced_;             ///< removals of domains in the journal
    std::vector<std::unique_ptr<FaultTask>> faults_;  ///< by PlannedTrial::faults
    std::vector<std::unique_ptr<Trigger>> triggers_;  ///< by Experiment::faults
    Subscription hearing_;                            ///< of the triggers
    std::vector<std::unique_ptr<Task>> fault_tasks_;
    std::vector<std::optional<Fields>> revivals_;  ///< by domain

    struct Failover {
        bool wanted = false;
        std::optional<Result<Fields>> outcome;
    };

    mutable std::mutex failovers_mutex_;
    std::vector<Failover> failovers_;  ///< by domain
    History at_capture_;
    std::vector<Specimen> specimens_;
    std::mutex examined_mutex_;
    Status examined_ = ok();
    // Last, so that it ends before what it uses.
    std::unique_ptr<Task> examination_;
    std::vector<std::unique_ptr<Task>> failover_tasks_;
};

}  // namespace ordeal
