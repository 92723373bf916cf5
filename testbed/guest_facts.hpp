#pragma once

#include "core/fields.hpp"
#include "core/guest.hpp"
#include "core/wire_messages.hpp"

#include <string>

namespace ordeal {

/// What the agent told, as the seam has it; what it left out is 0 or empty.
[[nodiscard]] GuestFacts facts_from(const wire::GuestFacts& told);

/// A parameter as the agent reads it: quantities as numbers of their smallest unit.
[[nodiscard]] std::string exact(const Value& value);

}  // namespace ordeal
