#include "campaign/rollback.hpp"

#include "campaign/undo_journal.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/places.hpp"
#include "cli/verbs.hpp"
#include "cli/world.hpp"
#include "testbed/thread_scheduler.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;

/// Journals below the usual place that have something open or cannot be read.
std::vector<fs::path> open_journals() {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(runs_directory(), ignored)) {
        const auto journal = journal_of(entry.path());
        if (entry.is_symlink() || !fs::exists(journal)) {
            continue;
        }
        const auto contents = read_journal(journal);
        if (!contents || !contents->open.empty() || contents->damaged > 0) {
            found.push_back(journal);
        }
    }
    std::ranges::sort(found);
    return found;
}

void print(const CommonOptions& common, const fs::path& journal, const RollbackReport& report) {
    if (common.json) {
        nlohmann::json items = nlohmann::json::array();
        for (const auto& item : report.items) {
            items.push_back(
                {{"what", item.what}, {"undone", item.undone}, {"answer", item.answer}});
        }
        fmt::print("{}\n",
                   nlohmann::json{{"journal", journal.string()},
                                  {"items", items},
                                  {"damaged_lines", report.damaged},
                                  {"residue", report.residue()}}
                       .dump(2));
        return;
    }
    fmt::print("{}\n", journal.string());
    for (const auto& item : report.items) {
        fmt::print("  {:<7} {}: {}\n", item.undone ? "undone" : "LEFT", item.what, item.answer);
    }
    if (report.damaged > 0) {
        fmt::print("  LEFT    {} lines of the journal cannot be read; look for what they said\n",
                   report.damaged);
    }
    if (report.items.empty() && report.damaged == 0) {
        fmt::print("  nothing to undo\n");
    }
}

}  // namespace

int execute(const CommonOptions& common, const RollbackOptions& options) {
    const auto journals =
        options.run.empty() ? open_journals() : std::vector{journal_of(options.run)};
    if (journals.empty()) {
        fmt::print("Nothing to undo: no run below {} has left anything open.\n",
                   runs_directory().string());
        return exit_pass;
    }
    ThreadScheduler scheduler;
    const auto world = rollback_world(scheduler);
    int code = exit_pass;
    for (const auto& journal : journals) {
        const auto report = roll_back(journal, scheduler, world);
        if (!report) {
            code = std::max(code, tell(report.error()));
            continue;
        }
        print(common, journal, *report);
        if (report->residue()) {
            code = exit_residue;
        }
    }
    return code;
}

}  // namespace ordeal::cli
