#pragma once

#include "reports/matrix.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// The matrix in the formats it is told in. Pure; every string is escaped.
namespace ordeal::reports {

/// One document without scripts: the advice, the heat map, and behind each fault its trials.
/// `reports` are the runs' HTML reports as seen from the document, in the order of the runs.
[[nodiscard]] std::string matrix_html(const Matrix& matrix,
                                      const std::vector<std::filesystem::path>& reports);

[[nodiscard]] std::string matrix_markdown(const Matrix& matrix);

/// A line for each fault and observer. Latencies in seconds; an empty field: not known, or never.
[[nodiscard]] std::string matrix_csv(const Matrix& matrix);

/// Latencies and durations in seconds; `null`: never, or no bound.
[[nodiscard]] std::string matrix_json(const Matrix& matrix);

}  // namespace ordeal::reports
