#pragma once

#include "core/injector.hpp"

#include <string>
#include <vector>

/// What faults have in common that cut the testbed's networks.
namespace ordeal::injectors {

/// One ICMP echo that must come back before the cut and must not while it is there.
struct Witness {
    Plane plane = Plane::management;
    std::string from;  ///< empty: the controller
    std::string to;
};

/// Names the cut in the undo data and sees that every witness has a way. Errors: those of the
/// network; refused (one has none, so that nothing could be told).
Status prepare_cut(InjectorContext& context, Fault& fault, const std::vector<Witness>& witnesses);

Status inject_cut(InjectorContext& context, const Fault& fault, const std::vector<Way>& ways);

/// Activation by echo: active once no witness has a way any more.
[[nodiscard]] Result<Observation> observe_cut(InjectorContext& context,
                                              const std::vector<Witness>& witnesses);

Status mend_cut(InjectorContext& context, const Fault& fault);

/// Residue: absent once nothing is dropped for this cut any more and every witness has a way.
[[nodiscard]] Result<Observation> residue_of_cut(InjectorContext& context,
                                                 const Fault& fault,
                                                 const std::vector<Witness>& witnesses);

}  // namespace ordeal::injectors
