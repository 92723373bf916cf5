#pragma once

#include "core/network.hpp"
#include "testbed/site/site_file.hpp"

#include <string>
#include <vector>

namespace ordeal {

/// What one host of a site does for a cut, as nft(8) commands. The rules stand at the host's
/// network devices (family netdev), below bridges, so that guests' frames pass them, too.
struct SiteCut {
    const SiteHost* host = nullptr;
    std::vector<std::string> devices;
    std::string make;
    std::string renew;  ///< of the lease
};

/// One for each host that takes part: a way from a host is cut where it leaves, a way from
/// everybody where it arrives. Errors: usage (the id; a way that this cannot be done for), missing
/// (a device or an address is not in the testbed file), refused (the host may not be hurt).
[[nodiscard]] Result<std::vector<SiteCut>> site_cuts(const Site& site,
                                                     const std::string& id,
                                                     const std::vector<Way>& ways,
                                                     Duration lease,
                                                     const Impairment& impairment);

/// "netdev ordeal-<id>"
[[nodiscard]] std::string site_table(const std::string& id);

}  // namespace ordeal
