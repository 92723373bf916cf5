#pragma once

#include "core/scheduler.hpp"
#include "core/testbed.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Undoing, in a fresh process, what a dead run left open in its undo journal.
namespace ordeal {

/// How a rollback reaches the world. Both answer `not_found` when that testbed or lab does not
/// exist any more.
struct RollbackWorld {
    /// Opens the testbed by the name in the journal's head.
    std::function<Result<std::unique_ptr<Testbed>>(const std::string& testbed)> open;
    std::function<Status(const std::string& lab)> take_lab_down;
};

/// One entry of the journal and what became of it.
struct RollbackItem {
    std::string what;     ///< "fault qemu.stop on vm-3", "domain vm-3", "lab default"
    bool undone = false;  ///< seen to be undone, not only ordered
    std::string answer;   ///< what was seen, or why it is still there
};

struct RollbackReport {
    std::vector<RollbackItem> items;
    int damaged = 0;  ///< journal lines that cannot be read: what they said is lost

    [[nodiscard]] bool residue() const;
};

/// Undoes everything open, newest first; a lab of the run's own goes first, because everything in
/// it goes with it. Marks in the journal what was seen to be undone. Repeatable: a second call
/// finds less or nothing to do. Errors: refused (the run, or another rollback, is at work),
/// not_found and corrupt as read_journal.
[[nodiscard]] Result<RollbackReport> roll_back(
    const std::filesystem::path& journal,
    Scheduler& scheduler,
    const RollbackWorld& world,
    Duration deadline_per_item = std::chrono::seconds(5));

}  // namespace ordeal
