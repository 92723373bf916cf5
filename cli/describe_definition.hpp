#pragma once

#include <string>

namespace ordeal::cli {

/// Every table of an experiment definition with its keys, as text. docs/experiments.md holds the
/// same.
[[nodiscard]] std::string describe_definition();

}  // namespace ordeal::cli
