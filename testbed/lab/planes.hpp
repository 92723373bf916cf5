#pragma once

#include "core/testbed.hpp"

#include <string>

/// The lab's plan of addresses. Machines are counted from 1; the rack is one more on every plane:
/// there the controller stands.
///
///     management 10.76.1.<n>/24    migration 10.76.3.<n>/24
///     guest      10.77.0.<n>/16, the rack 10.77.255.254, guests 10.77.1.1 to 10.77.20.250
///     storage    10.78.0.<n>/16, the rack 10.78.255.254, servers of disks 10.78.1.1 and up
///     power controllers 10.76.4.<n>, reached from the rack only
namespace ordeal {

inline constexpr int most_nodes = 8;

/// The node that has the shared storage, and its number.
inline constexpr const char* storage_node = "s1";
inline constexpr int storage_number = most_nodes + 1;

/// IPv4 without the prefix length; `number` of the node.
[[nodiscard]] std::string node_address(Plane plane, int number);
[[nodiscard]] std::string rack_address(Plane plane);
[[nodiscard]] std::string power_address(int number);

/// Of the `slot`th guest, or of the server of its shared disk; `slot` from 0 to most_slots - 1.
inline constexpr int most_slots = 5000;
[[nodiscard]] std::string guest_address(int slot);
[[nodiscard]] std::string disk_address(int slot);

/// The prefix length of a plane's addresses.
[[nodiscard]] int prefix_of(Plane plane);

/// The rack's end of the cable that connects a node to a plane.
[[nodiscard]] std::string port_of(const std::string& node, Plane plane);

}  // namespace ordeal
