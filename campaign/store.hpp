#pragma once

#include "campaign/sqlite.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <span>

namespace ordeal {

/// The file `run.db` of a run directory: SQLite, write-ahead log, written as the run goes, the only
/// source of truth about a run. What a call has stored survives the death of this process. Not
/// thread-safe. Errors: unavailable (a full disk says so); what was stored before stays.
class Store {
  public:
    /// Makes `run.db` in `directory`, which exists.
    [[nodiscard]] static Result<Store> create(const std::filesystem::path& directory);

    /// Everything but the trials and how it ended.
    Status begin_run(const RunRecord& run);
    /// Number, experiment, cell, seed and start. A trial that is never finished is no result.
    Status begin_trial(const TrialRecord& trial);
    Status add_events(std::int64_t trial, std::span<const Event> events);
    /// Wall time, verdict, findings and evidence: all or nothing.
    Status finish_trial(const TrialRecord& trial);
    /// Wall time, stop reason, residue, versions; afterwards the file needs no other beside it.
    Status finish_run(const RunRecord& run);

  private:
    explicit Store(sqlite::Database database) : database_(std::move(database)) {}

    Status update_trial(const TrialRecord& trial);

    sqlite::Database database_;
};

enum class Load { summaries, events };

/// Reads a run, also an interrupted or still going one: its finished trials, in their order.
/// `Load::summaries` leaves the histories empty. Errors: not_found (no run there), corrupt.
[[nodiscard]] Result<RunRecord> load_run(const std::filesystem::path& directory, Load load);

/// The history of one trial.
[[nodiscard]] Result<History> load_history(const std::filesystem::path& directory,
                                           std::int64_t trial);

}  // namespace ordeal
