#pragma once

#include "core/experiment.hpp"

#include <string>

namespace ordeal {

/// The words of the kernel's command line that make a guest of the lab the member `node` of a
/// cluster, as guest-agents/image/ha/start reads them.
[[nodiscard]] std::string cluster_words(const MemberSpec& member, const std::string& node);

}  // namespace ordeal
