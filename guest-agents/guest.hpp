#pragma once

#include "core/units.hpp"
#include "core/wire_messages.hpp"

#include <string>
#include <vector>

namespace ordeal::agent {

/// Release of the running kernel, "6.1.0-56-cloud-amd64".
[[nodiscard]] std::string kernel_release();

/// The kernel's random id of this boot.
[[nodiscard]] std::string boot_id();

/// Time since boot, suspension included.
[[nodiscard]] Duration uptime();

/// All clocks at once, for a request.
[[nodiscard]] wire::ClockReading read_clocks(const wire::ClockRead& request);

/// What the kernel says of the guest now; only what it says.
[[nodiscard]] wire::GuestFacts look(const wire::LookRequest& request);

/// What the kernel thinks of the write cache of each disk that has hardware, real or virtual.
[[nodiscard]] std::vector<wire::WriteCache> write_caches();

/// The device of the virtio-serial port with this name, "/dev/vport1p1", found through sysfs so
/// that no udev is needed; empty while there is none.
[[nodiscard]] std::string find_port(const std::string& name);

}  // namespace ordeal::agent
