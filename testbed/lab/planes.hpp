#pragma once

#include "core/testbed.hpp"

#include <string>

/// The lab's plan of addresses. Machines are counted from 1; the rack is one more on every plane:
/// there the controller stands, and what belongs to no node, such as shared storage.
///
///     management 10.76.1.<n>/24    storage 10.76.2.<n>/24    migration 10.76.3.<n>/24
///     guest      10.77.0.<n>/16, the rack 10.77.255.254, guests 10.77.1.1 to 10.77.20.250
///     power controllers 10.76.4.<n>, reached from the rack only
namespace ordeal {

inline constexpr int most_nodes = 8;

/// IPv4 without the prefix length; `number` of the node.
[[nodiscard]] std::string node_address(Plane plane, int number);
[[nodiscard]] std::string rack_address(Plane plane);
[[nodiscard]] std::string power_address(int number);

/// The prefix length of a plane's addresses.
[[nodiscard]] int prefix_of(Plane plane);

/// The rack's end of the cable that connects a node to a plane.
[[nodiscard]] std::string port_of(const std::string& node, Plane plane);

}  // namespace ordeal
