#pragma once

#include "core/result.hpp"
#include "core/run_record.hpp"

#include <filesystem>
#include <string>

namespace ordeal::reports {

/// How much of a run is drawn. A trial beyond these numbers is one line of a table instead, so that
/// a report of a thousand trials opens at once.
struct HtmlOptions {
    std::size_t failures_in_full = 100;  ///< failed and inconclusive trials, over all cells
    std::size_t passes_in_full = 40;     ///< passed trials, over all cells; at least two of each
};

/// The whole report as one HTML document: no script, no network, nothing beside it but the evidence
/// it links to. `evidence` is the run directory as seen from the document ("" or "." when it lies
/// there).
[[nodiscard]] std::string render_html(const RunRecord& run,
                                      const std::filesystem::path& evidence = {},
                                      const HtmlOptions& options = {});

/// Writes the document whole or not at all. Errors: `unavailable` when `path` cannot be written.
[[nodiscard]] Status write_html(const RunRecord& run,
                                const std::filesystem::path& path,
                                const HtmlOptions& options = {});

}  // namespace ordeal::reports
