#pragma once

#include "core/result.hpp"
#include "core/testbed.hpp"

#include <string>

/// Devices in a domain's XML, and the link of its first network card; for that see
/// https://libvirt.org/formatdomain.html, "Modifying virtual link state".
namespace ordeal {

/// The card's own XML with its link as wanted, for an update of the device.
/// Errors: not_found (the domain has no network card), corrupt (not XML).
[[nodiscard]] Result<std::string> network_card_with(const std::string& domain_xml, LinkState state);

[[nodiscard]] Result<LinkState> link_in(const std::string& domain_xml);

/// The element of a device: the first network card, or the disk whose serial is `name`.
/// Errors: not_found, corrupt (not XML).
[[nodiscard]] Result<std::string> device_in(const std::string& domain_xml,
                                            DeviceKind kind,
                                            const std::string& name);

}  // namespace ordeal
