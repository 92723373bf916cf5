#pragma once

#include "core/result.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <string>

namespace ordeal::reports {

/// The run as JUnit XML, as build servers read it: a suite for each cell, a test case for each
/// trial. A failed trial is a `failure`; an inconclusive one an `error`, so that no server counts
/// it as passed; a planned one that was not run is `skipped`.
[[nodiscard]] std::string render_junit(const RunRecord& run);

/// Errors: `unavailable` when `path` cannot be written.
[[nodiscard]] Status write_junit(const RunRecord& run, const std::filesystem::path& path);

}  // namespace ordeal::reports
