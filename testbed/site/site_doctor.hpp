#pragma once

#include "core/units.hpp"
#include "testbed/site/site_file.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace ordeal {

/// What became of trying one door.
struct DoorState {
    std::string place;  ///< a host, or a target
    std::string door;   ///< "ssh", "libvirt", "power", "agent", …
    bool open = false;
    std::string found;  ///< what answered, or what failed
    std::string mend;   ///< a command; empty when open
};

/// Tries every door of a site without changing anything: it looks and asks, no more. Hosts are
/// tried at the same time. In the order of the file.
[[nodiscard]] std::vector<DoorState> try_doors(const Site& site,
                                               Duration patience = std::chrono::seconds(10));

/// The oldest libvirt that has what faults and observers use, and whether "9.0.0" is as new.
inline constexpr const char* oldest_libvirt = "6.0.0";
[[nodiscard]] bool new_enough(const std::string& libvirt_version);

}  // namespace ordeal
