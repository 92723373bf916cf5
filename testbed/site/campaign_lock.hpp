#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"

#include <string>

namespace ordeal {

/// Excludes other campaigns of this machine from the same testbed; released with the descriptor, or
/// with the process. `refused` when another campaign has it.
[[nodiscard]] Result<Fd> lock_campaign(const std::string& testbed);

}  // namespace ordeal
