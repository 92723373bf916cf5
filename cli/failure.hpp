#pragma once

#include "core/result.hpp"

namespace ordeal::cli {

/// Says on standard error what failed and what to do, and gives the exit code for it.
[[nodiscard]] int tell(const Error& error);

}  // namespace ordeal::cli
