#include "campaign/store.hpp"

#include "campaign/json.hpp"

#include <nlohmann/json.hpp>

namespace ordeal {
namespace {

using nlohmann::json;

constexpr auto schema = R"sql(
PRAGMA journal_mode = WAL;
-- Nothing is lost when this process dies; a power cut of the machine may cost the last trials.
PRAGMA synchronous = NORMAL;
PRAGMA user_version = 1;
CREATE TABLE run (
    id TEXT NOT NULL, started_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL DEFAULT 0,
    finished INTEGER NOT NULL DEFAULT 0, stop_reason TEXT NOT NULL DEFAULT '',
    command_line TEXT NOT NULL, seed INTEGER NOT NULL, planned_trials INTEGER NOT NULL,
    residue INTEGER NOT NULL DEFAULT 0, versions TEXT NOT NULL);
CREATE TABLE experiment (
    name TEXT NOT NULL, title TEXT NOT NULL, question TEXT NOT NULL, path TEXT NOT NULL,
    text TEXT NOT NULL);
CREATE TABLE trial (
    number INTEGER PRIMARY KEY, experiment TEXT NOT NULL, cell TEXT NOT NULL,
    seed INTEGER NOT NULL, started_ns INTEGER NOT NULL, wall_ns INTEGER, verdict TEXT,
    reason TEXT, evidence TEXT);
CREATE TABLE finding (
    trial INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, verdict TEXT NOT NULL,
    summary TEXT NOT NULL, evidence TEXT NOT NULL, figures TEXT NOT NULL);
CREATE TABLE event (
    trial INTEGER NOT NULL, at_ns INTEGER NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL,
    subject TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX finding_trial ON finding (trial);
CREATE INDEX event_trial ON event (trial);
)sql";

// Every access passes unsigned seeds through SQLite's signed integers bit by bit.
std::int64_t stored(std::uint64_t seed) {
    return static_cast<std::int64_t>(seed);
}

std::int64_t stored(WallTime time) {
    return std::chrono::duration_cast<Duration>(time.time_since_epoch()).count();
}

std::string stored(const std::vector<std::string>& list) {
    return to_line(list);
}

std::string stored(const std::vector<std::filesystem::path>& list) {
    json array = json::array();
    for (const auto& path : list) {
        array.push_back(path.string());
    }
    return to_line(array);
}

}  // namespace

Result<Store> Store::create(const std::filesystem::path& directory) {
    auto database = sqlite::Database::open(directory / "run.db", sqlite::Mode::create);
    if (!database) {
        return database.error();
    }
    Store store(std::move(*database));
    if (auto status = store.database_.execute(schema); !status) {
        return status.error();
    }
    return store;
}

Status Store::begin_run(const RunRecord& run) {
    return database_.transaction([&]() -> Status {
        auto insert = database_.prepare(
            "INSERT INTO run (id, started_ns, command_line, seed, planned_trials, versions) "
            "VALUES (?, ?, ?, ?, ?, ?)");
        if (!insert) {
            return insert.error();
        }
        insert->bind(1, run.id)
            .bind(2, stored(run.started))
            .bind(3, stored(run.command_line))
            .bind(4, stored(run.seed))
            .bind(5, std::int64_t{run.planned_trials})
            .bind(6, to_line(json_of(run.versions)));
        auto status = insert->run();
        auto definition = database_.prepare("INSERT INTO experiment VALUES (?, ?, ?, ?, ?)");
        if (!definition) {
            return definition.error();
        }
        for (const auto& experiment : run.experiments) {
            if (!status) {
                break;
            }
            definition->bind(1, experiment.name)
                .bind(2, experiment.title)
                .bind(3, experiment.question)
                .bind(4, experiment.path)
                .bind(5, experiment.text);
            status = definition->run();
        }
        return status;
    });
}

Status Store::begin_trial(const TrialRecord& trial) {
    auto insert = database_.prepare(
        "INSERT INTO trial (number, experiment, cell, seed, started_ns) VALUES (?, ?, ?, ?, ?)");
    if (!insert) {
        return insert.error();
    }
    return insert->bind(1, trial.number)
        .bind(2, trial.experiment)
        .bind(3, to_line(json_of(trial.cell)))
        .bind(4, stored(trial.seed))
        .bind(5, stored(trial.started))
        .run();
}

Status Store::add_events(std::int64_t trial, std::span<const Event> events) {
    return database_.transaction([&]() -> Status {
        auto insert = database_.prepare("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)");
        if (!insert) {
            return insert.error();
        }
        for (const auto& event : events) {
            auto status = insert->bind(1, trial)
                              .bind(2, event.at.count())
                              .bind(3, event.kind)
                              .bind(4, event.source)
                              .bind(5, event.subject)
                              .bind(6, to_line(json_of(event.data)))
                              .run();
            if (!status) {
                return status;
            }
        }
        return ok();
    });
}

Status Store::update_trial(const TrialRecord& trial) {
    auto update = database_.prepare(
        "UPDATE trial SET wall_ns = ?, verdict = ?, reason = ?, evidence = ? WHERE number = ?");
    if (!update) {
        return update.error();
    }
    return update->bind(1, trial.wall.count())
        .bind(2, name_of(trial.verdict))
        .bind(3, trial.reason)
        .bind(4, stored(trial.evidence))
        .bind(5, trial.number)
        .run();
}

Status Store::finish_trial(const TrialRecord& trial) {
    return database_.transaction([&]() -> Status {
        auto status = update_trial(trial);
        auto insert = database_.prepare("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?)");
        if (!insert) {
            return insert.error();
        }
        for (const auto& finding : trial.findings) {
            if (!status) {
                break;
            }
            status = insert->bind(1, trial.number)
                         .bind(2, finding.check)
                         .bind(3, finding.subject)
                         .bind(4, name_of(finding.verdict))
                         .bind(5, finding.summary)
                         .bind(6, stored(finding.evidence))
                         .bind(7, to_line(json_of(finding.figures)))
                         .run();
        }
        return status;
    });
}

Status Store::finish_run(const RunRecord& run) {
    auto status = database_.transaction([&]() -> Status {
        auto update = database_.prepare(
            "UPDATE run SET wall_ns = ?, finished = ?, stop_reason = ?, residue = ?, versions = ?");
        if (!update) {
            return update.error();
        }
        return update->bind(1, run.wall.count())
            .bind(2, std::int64_t{run.finished})
            .bind(3, run.stop_reason)
            .bind(4, std::int64_t{run.residue})
            .bind(5, to_line(json_of(run.versions)))
            .run();
    });
    // One plain file can be copied, archived and read from a read-only place.
    return status ? database_.execute("PRAGMA journal_mode = DELETE") : status;
}

}  // namespace ordeal
