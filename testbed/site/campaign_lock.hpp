#pragma once

#include "core/result.hpp"
#include "testbed/fd.hpp"

#include <string>

namespace ordeal {

/// Excludes other campaigns of this machine from the same testbed; released with the descriptor, or
/// with the process. `refused` when another campaign has it.
[[nodiscard]] Result<Fd> lock_campaign(const std::string& testbed);

}  // namespace ordeal
