#pragma once

#include "testbed/client_side.hpp"

namespace ordeal {

/// Hears ARP at an interface and asks whose `address` is. Errors: not_found (no such interface),
/// refused (no privilege), usage (not an address), unavailable.
[[nodiscard]] Result<std::unique_ptr<ClaimEar>> open_arp_ear(const ClientPlace& place,
                                                             const std::string& address,
                                                             const Scheduler& scheduler);

}  // namespace ordeal
