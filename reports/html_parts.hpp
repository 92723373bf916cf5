#pragma once

#include "reports/summary.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// The parts of the HTML report. Each appends to a document and escapes what it is given.
namespace ordeal::reports {

/// All before the content of a page: a document that runs no script and loads nothing, its style,
/// and what the pictures share.
void append_page_head(std::string& out, std::string_view title);

/// "✓ passed", "✕ failed", "? inconclusive": a shape, a word and a colour.
[[nodiscard]] std::string verdict_mark(Verdict verdict);

/// What was found out about one cell: answers, who noticed, the checks' figures.
void append_answers(std::string& out, const CellSummary& cell);
void append_observers(std::string& out, const CellSummary& cell);
void append_figures(std::string& out, const CellSummary& cell);

/// Which trials of a cell are drawn, and where their evidence lies.
struct TrialsShown {
    std::filesystem::path evidence;  ///< the run directory, as seen from the document
    std::size_t failures_in_full = 0;
    std::size_t passes_in_full = 0;
};

/// The cell's trials, failures first, each with its picture, findings, events and evidence; those
/// not drawn in a table.
void append_trials(std::string& out, const CellSummary& cell, const TrialsShown& shown);

}  // namespace ordeal::reports
