#pragma once

#include "core/injector.hpp"

#include <string>

/// What faults have in common that bring a domain to a second host.
namespace ordeal::injectors {

/// Remembers the QEMU of the domain, and the host that the parameter "to" names, or the next one
/// after the domain's own. Errors: as of remember_qemu(); not_found (no such host), refused (the
/// domain's own, or it has a QEMU of the domain).
[[nodiscard]] Status choose_other_host(InjectorContext& context, Fault& fault);

/// The host that choose_other_host() remembered.
[[nodiscard]] std::string other_host(const Fault& fault);

/// Whether a QEMU of the domain is on the host.
[[nodiscard]] Result<bool> has_qemu(InjectorContext& context,
                                    const Fault& fault,
                                    const std::string& host);

}  // namespace ordeal::injectors
