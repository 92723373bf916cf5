#pragma once

#include "core/injector.hpp"

#include <memory>

namespace ordeal::injectors {

/// A fault that takes a device away from a running domain. `observe` is one look whether the guest
/// is without it. The disk is the one that the parameter "disk" names.
[[nodiscard]] std::unique_ptr<Injector> make_unplug(
    DeviceKind kind, Result<Observation> (*observe)(InjectorContext& context, const Fault& fault));

}  // namespace ordeal::injectors
