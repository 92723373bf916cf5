#pragma once

#include "campaign/definition.hpp"
#include "campaign/kind_library.hpp"
#include "core/diagnostic.hpp"
#include "testbed/site/site_file.hpp"

#include <string>
#include <vector>

namespace ordeal {

/// Fits a definition to a real site, in its every cell. Experiments name hosts and domains; the
/// site's file says which these are and what of them can be seen.
///
/// What is not there or not permitted is an error, and `out` says where it stands. What cannot be
/// seen or done there is taken out of the experiment: observers without their door, loads without
/// an agent, disks that cannot be copied. A fault that cannot act stays: its trials are
/// inconclusive. The answer says of each what and why, and which checks it costs.
[[nodiscard]] std::vector<std::string> fit_to_site(Definition& definition,
                                                   const Site& site,
                                                   const KindLibrary& kinds,
                                                   Diagnostics& out);

}  // namespace ordeal
