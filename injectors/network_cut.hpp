#pragma once

#include "core/injector.hpp"

#include <string>
#include <vector>

namespace ordeal::injectors {

/// One ICMP echo that must come back before the cut and must not while it is there.
struct Witness {
    Plane plane = Plane::management;
    std::string from;  ///< empty: the controller
    std::string to;
};

/// A fault that drops what hosts send to one another over the testbed's networks.
struct NetworkCut {
    /// Completes the undo data; nullptr: nothing to complete. Errors end the preparation.
    Status (*complete)(InjectorContext& context, Fault& fault) = nullptr;
    /// What is dropped.
    std::vector<Way> (*ways)(const Fault& fault);
    /// What tells whether it is.
    std::vector<Witness> (*witnesses)(const Fault& fault);
};

/// The injector of such a fault. `prepare` refuses it when a witness has no way to begin with, for
/// then nothing could be told. Active once no witness has a way any more; healed once nothing is
/// dropped for this cut and every witness has a way again.
[[nodiscard]] std::unique_ptr<Injector> make_network_cut(NetworkCut cut);

}  // namespace ordeal::injectors
