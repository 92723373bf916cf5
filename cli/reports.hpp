#pragma once

#include "cli/options.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace ordeal::cli {

/// The formats that are written as files; "terminal" is printed.
[[nodiscard]] std::vector<std::string> file_formats();

/// Writes one format of the run into `folder`. The file's name follows from the format.
[[nodiscard]] Status write_report(const RunRecord& run,
                                  const std::string& format,
                                  const std::filesystem::path& folder);

/// Writes every format into the run's directory and prints the summary (or, with --json, the JSON
/// report) and where the HTML report is. The result is an exit code.
[[nodiscard]] int write_and_tell(const CommonOptions& common,
                                 const std::filesystem::path& directory);

}  // namespace ordeal::cli
