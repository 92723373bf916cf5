#pragma once

#include "cli/options.hpp"

namespace ordeal::cli {

enum class Stream { out, err };

/// Whether to colour what goes to `stream`: as asked, else when it is a terminal, NO_COLOR
/// (https://no-color.org) is not set and TERM is not "dumb".
[[nodiscard]] bool use_color(ColorMode mode, Stream stream);

/// Whether a person watches: progress may redraw its line.
[[nodiscard]] bool is_terminal(Stream stream);

}  // namespace ordeal::cli
