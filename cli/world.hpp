#pragma once

#include "campaign/rollback.hpp"
#include "core/scheduler.hpp"

#include <filesystem>
#include <string>

namespace ordeal::cli {

/// How the undo journal names a lab as the testbed: "lab:default".
[[nodiscard]] std::string testbed_name(const std::string& lab);

/// The same of a site, by its testbed file: "site:/etc/ordeal/site.toml".
[[nodiscard]] std::string site_testbed_name(const std::filesystem::path& file);

/// The real world for a rollback: labs on this machine, and sites. `scheduler` must outlive it.
[[nodiscard]] RollbackWorld rollback_world(const Scheduler& scheduler);

/// The undo journal of a run directory.
[[nodiscard]] std::filesystem::path journal_of(const std::filesystem::path& run);

}  // namespace ordeal::cli
