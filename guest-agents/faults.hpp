#pragma once

#include "core/result.hpp"
#include "core/wire_messages.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal::agent {

/// A fault that the agent can make in its own guest.
struct Fault {
    std::string_view kind;
    /// Returns only when the fault could not be made. nullptr: a helper makes it (helpers.hpp).
    Status (*strike)();
};

/// Every fault there is. A new one is one more entry.
[[nodiscard]] std::span<const Fault> faults();

/// The fault that a request names, when it is among `permitted` ("all" permits every one). The
/// agent may run where a panic is not wanted, so nothing is permitted unless its command line says.
[[nodiscard]] Result<Fault> permitted_fault(const wire::InjectFault& request,
                                            const std::vector<std::string>& permitted);

/// Gives the kernel an order as writing `command` to /proc/sysrq-trigger does.
[[nodiscard]] Status sysrq(char command);

}  // namespace ordeal::agent
