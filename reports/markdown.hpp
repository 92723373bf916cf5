#pragma once

#include "core/result.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <string>

namespace ordeal::reports {

/// A summary for a pull request or a chat: verdict, answers, who noticed when, the trials that did
/// not pass, and how to repeat the run.
[[nodiscard]] std::string render_markdown(const RunRecord& run);

/// Errors: `unavailable` when `path` cannot be written.
[[nodiscard]] Status write_markdown(const RunRecord& run, const std::filesystem::path& path);

}  // namespace ordeal::reports
