#pragma once

#include "core/result.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <string>

namespace ordeal::reports {

/// The version of the format. It grows when a key is renamed or removed or changes its meaning; a
/// new key leaves it as it is.
inline constexpr int json_version = 1;

/// The run for other programs; reports/report.schema.json says what each key means. Durations are
/// in seconds, seeds are text (they have 64 bits), typed values are {"ns": …} or {"bytes": …}.
[[nodiscard]] std::string render_json(const RunRecord& run);

/// Errors: `unavailable` when `path` cannot be written.
[[nodiscard]] Status write_json(const RunRecord& run, const std::filesystem::path& path);

}  // namespace ordeal::reports
