#include "campaign/json.hpp"
#include "campaign/store.hpp"

#include <map>

namespace ordeal {
namespace {

/// Collects the first thing that could not be read, so that the readers below stay plain.
class Reading {
  public:
    Fields fields(std::string_view text) { return take(parse_fields(text)); }

    std::vector<std::string> list(std::string_view text) { return take(parse_list(text)); }

    Status status = ok();

  private:
    template <class T>
    T take(Result<T> result) {
        if (!result && status) {
            status = result.error();
        }
        return result ? std::move(*result) : T{};
    }
};

WallTime wall_time(std::int64_t since_epoch) {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(Duration(since_epoch)));
}

/// Calls `row(statement, reading)` for each row of `sql`.
template <class Row>
Status for_each(sqlite::Database& database, std::string_view sql, Row&& row) {
    auto select = database.prepare(sql);
    if (!select) {
        return select.error();
    }
    Reading reading;
    while (true) {
        const auto more = select->step();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return reading.status;
        }
        row(*select, reading);
    }
}

Status load_info(sqlite::Database& database, RunRecord& run) {
    bool found = false;
    auto status =
        for_each(database,
                 "SELECT id, started_ns, wall_ns, finished, stop_reason, command_line, seed, "
                 "planned_trials, residue, versions FROM run",
                 [&](const sqlite::Statement& row, Reading& reading) {
                     found = true;
                     run.id = row.text(0);
                     run.started = wall_time(row.integer(1));
                     run.wall = Duration(row.integer(2));
                     run.finished = row.integer(3) != 0;
                     run.stop_reason = row.text(4);
                     run.command_line = reading.list(row.text(5));
                     run.seed = static_cast<std::uint64_t>(row.integer(6));
                     run.planned_trials = static_cast<int>(row.integer(7));
                     run.residue = row.integer(8) != 0;
                     run.versions = reading.fields(row.text(9));
                 });
    if (status && !found) {
        return fail(ErrorKind::corrupt, "read run.db", "it describes no run");
    }
    if (!status) {
        return status;
    }
    return for_each(database,
                    "SELECT name, title, question, path, text FROM experiment ORDER BY rowid",
                    [&](const sqlite::Statement& row, Reading&) {
                        run.experiments.push_back({.name = std::string(row.text(0)),
                                                   .title = std::string(row.text(1)),
                                                   .question = std::string(row.text(2)),
                                                   .path = std::string(row.text(3)),
                                                   .text = std::string(row.text(4))});
                    });
}

Status load_trials(sqlite::Database& database, RunRecord& run) {
    return for_each(
        database,
        "SELECT number, experiment, cell, seed, started_ns, wall_ns, verdict, reason, evidence "
        "FROM trial WHERE verdict IS NOT NULL ORDER BY number",
        [&](const sqlite::Statement& row, Reading& reading) {
            TrialRecord trial{.number = row.integer(0),
                              .experiment = std::string(row.text(1)),
                              .cell = reading.fields(row.text(2)),
                              .seed = static_cast<std::uint64_t>(row.integer(3)),
                              .started = wall_time(row.integer(4)),
                              .wall = Duration(row.integer(5)),
                              .verdict = verdict_from(row.text(6)),
                              .reason = std::string(row.text(7))};
            for (auto& path : reading.list(row.text(8))) {
                trial.evidence.emplace_back(std::move(path));
            }
            run.trials.push_back(std::move(trial));
        });
}

Status load_findings(sqlite::Database& database, RunRecord& run) {
    std::map<std::int64_t, TrialRecord*> by_number;
    for (auto& trial : run.trials) {
        by_number.emplace(trial.number, &trial);
    }
    return for_each(database,
                    "SELECT trial, kind, subject, verdict, summary, evidence, figures FROM finding "
                    "ORDER BY rowid",
                    [&](const sqlite::Statement& row, Reading& reading) {
                        const auto trial = by_number.find(row.integer(0));
                        if (trial == by_number.end()) {
                            return;
                        }
                        trial->second->findings.push_back({.check = std::string(row.text(1)),
                                                           .subject = std::string(row.text(2)),
                                                           .verdict = verdict_from(row.text(3)),
                                                           .summary = std::string(row.text(4)),
                                                           .evidence = reading.list(row.text(5)),
                                                           .figures = reading.fields(row.text(6))});
                    });
}

Result<History> load_events(sqlite::Database& database, std::int64_t trial) {
    std::vector<Event> events;
    auto status = for_each(database,
                           "SELECT at_ns, kind, source, subject, data FROM event WHERE trial = " +
                               std::to_string(trial) + " ORDER BY rowid",
                           [&](const sqlite::Statement& row, Reading& reading) {
                               events.push_back({.at = Instant(row.integer(0)),
                                                 .kind = std::string(row.text(1)),
                                                 .source = std::string(row.text(2)),
                                                 .subject = std::string(row.text(3)),
                                                 .data = reading.fields(row.text(4))});
                           });
    if (!status) {
        return status.error();
    }
    return History(std::move(events));
}

Result<sqlite::Database> open_run(const std::filesystem::path& directory) {
    const auto file = directory / "run.db";
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return fail(ErrorKind::not_found,
                    "open the run " + directory.string(),
                    "there is no run.db",
                    "name a run directory, such as .ordeal/runs/latest");
    }
    return sqlite::Database::open(file, sqlite::Mode::read);
}

/// A run that was cut short never wrote its length: it lasted until its last trial's end.
void estimate_length(RunRecord& run) {
    for (const auto& trial : run.trials) {
        const auto end = trial.started + std::chrono::duration_cast<WallTime::duration>(trial.wall);
        run.wall = std::max(run.wall, std::chrono::duration_cast<Duration>(end - run.started));
    }
}

}  // namespace

Result<RunRecord> load_run(const std::filesystem::path& directory, Load load) {
    auto database = open_run(directory);
    if (!database) {
        return database.error();
    }
    RunRecord run;
    run.directory = directory;
    for (const auto part : {load_info, load_trials, load_findings}) {
        if (auto status = part(*database, run); !status) {
            return status.error();
        }
    }
    if (!run.finished && run.wall == Duration{}) {
        estimate_length(run);
    }
    if (load == Load::events) {
        for (auto& trial : run.trials) {
            auto history = load_events(*database, trial.number);
            if (!history) {
                return history.error();
            }
            trial.history = std::move(*history);
        }
    }
    return run;
}

Result<History> load_history(const std::filesystem::path& directory, std::int64_t trial) {
    auto database = open_run(directory);
    return database ? load_events(*database, trial) : Result<History>(database.error());
}

}  // namespace ordeal
