#pragma once

#include "cli/options.hpp"
#include "reports/terminal.hpp"

namespace ordeal::cli {

enum class Stream { out, err };

/// What the stream can show, and whether the person wants colour.
[[nodiscard]] reports::TerminalStyle style_for(const CommonOptions& common, Stream stream);

}  // namespace ordeal::cli
