#pragma once

#include "campaign/progress.hpp"
#include "cli/options.hpp"

#include <memory>

namespace ordeal::cli {

/// On a terminal a bar and one line a finished trial; elsewhere plain lines. On standard error, so
/// that --json has standard output for itself.
[[nodiscard]] std::unique_ptr<Progress> make_progress(const CommonOptions& common);

}  // namespace ordeal::cli
