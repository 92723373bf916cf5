#pragma once

#include "core/injector.hpp"

#include <string>

namespace ordeal::injectors {

/// A fault that makes a host's way over one plane (parameter "plane") worse without cutting it.
struct NetworkImpairment {
    Impairment (*impairment)(const Params& params);
    /// A number that tells it, measured between the controller and the host. Errors end the look.
    Result<double> (*measure)(InjectorContext& context, Network& network, const Fault& fault);
    /// Whether the number tells of the impairment, by what it was before.
    bool (*shows)(double before, double now, const Params& params);
    /// The number for people.
    std::string (*words)(double number);
    /// What could be measured before so that it shows later: false refuses the fault.
    bool (*usable)(double before, const Params& params);
    bool both_directions = true;  ///< false: only on the way to the host
};

/// The injector of such a fault. `prepare` refuses it where the testbed's networks cannot do it, or
/// where it would not show.
[[nodiscard]] std::unique_ptr<Injector> make_network_impairment(NetworkImpairment what);

/// The plane of the fault.
[[nodiscard]] Plane impaired_plane(const Fault& fault);

}  // namespace ordeal::injectors
