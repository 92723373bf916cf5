#pragma once

#include "core/result.hpp"
#include "core/testbed.hpp"

#include <string>

/// The link of a domain's first network card in the domain's XML, see
/// https://libvirt.org/formatdomain.html, "Modifying virtual link state".
namespace ordeal {

/// The card's own XML with its link as wanted, for an update of the device.
/// Errors: not_found (the domain has no network card), corrupt (not XML).
[[nodiscard]] Result<std::string> network_card_with(const std::string& domain_xml, LinkState state);

[[nodiscard]] Result<LinkState> link_in(const std::string& domain_xml);

}  // namespace ordeal
