#pragma once

#include "core/testbed.hpp"

#include <string>

namespace ordeal {

/// libvirt's numbers as words; the numbers are those of libvirt-domain.h. A number that a newer
/// libvirt may send becomes "unknown". `domain` of the event is left empty.
[[nodiscard]] DomainStatus libvirt_status(int state, int reason);
[[nodiscard]] DomainEvent libvirt_lifecycle_event(int event, int detail);
/// What QEMU does when the guest's watchdog expires.
[[nodiscard]] std::string libvirt_watchdog_action(int action);

}  // namespace ordeal
