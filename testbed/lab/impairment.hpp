#pragma once

#include "core/testbed.hpp"

#include <string>
#include <vector>

/// What the kernel can do to the frames of a lab's switches beside cutting.
namespace ordeal {

/// Whether this kernel can: the very rule is made in a network namespace that goes at once.
/// Errors: missing, with what the kernel said.
[[nodiscard]] Status kernel_can(const Impairment& impairment);

// Delays are queueing disciplines "netem" (tc-netem(8)) on the switches' ports towards the hosts.
// Their handle is made of the id, so that any process finds them.

/// Errors: usage (a way that is not from everybody to a host), refused (a port has another one),
/// missing (the kernel has no netem).
[[nodiscard]] Status delay_ports(const ProcessRef& rack,
                                 const std::string& id,
                                 const std::vector<Way>& ways,
                                 Duration delay);
/// Success when there is none.
[[nodiscard]] Status free_ports(const ProcessRef& rack, const std::string& id);
[[nodiscard]] Result<bool> has_delayed_ports(const ProcessRef& rack, const std::string& id);

/// The ports of `listed`, the answer of `tc -j qdisc show`, that `id` delays. `corrupt` when that
/// is no such answer.
[[nodiscard]] Result<std::vector<std::string>> delayed_ports(const std::string& listed,
                                                             const std::string& id);

/// "8a3f:", 1 to ffff.
[[nodiscard]] std::string handle_of(const std::string& id);

}  // namespace ordeal
