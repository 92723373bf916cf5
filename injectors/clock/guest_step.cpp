#include "injectors/guest_fault.hpp"

#include <cstdlib>

namespace ordeal::injectors {
namespace {

Duration step_of(const Fault& fault) {
    const auto wanted = fault.params.get<Duration>("by");
    return fault.params.get<std::string>("direction") == "back" ? -wanted : wanted;
}

Status remember_offset(InjectorContext& context, const GuestFacts& /*facts*/, Fault& fault) {
    const auto offset = clock_offset(context, fault);
    if (offset) {
        fault.undo.set("ahead", offset->ahead);
    }
    return offset ? ok() : Status(offset.error());
}

/// How far the clock has moved against ours since the preparation.
Result<Duration> moved(InjectorContext& context, const Fault& fault) {
    const auto offset = clock_offset(context, fault);
    return offset ? Result<Duration>(offset->ahead - fault.undo.get<Duration>("ahead"))
                  : offset.error();
}

Result<Observation> has_stepped(InjectorContext& context, const Fault& fault) {
    const auto way = moved(context, fault);
    if (!way) {
        return way.error();
    }
    const bool there =
        std::chrono::abs(*way - step_of(fault)) < std::chrono::abs(step_of(fault)) / 2;
    return Observation{there ? Presence::active : Presence::absent,
                       "against ours the guest's clock has moved by " + to_text(*way)};
}

Result<bool> is_away(InjectorContext& context, const Fault& fault, const GuestFacts& /*facts*/) {
    const auto way = moved(context, fault);
    return way ? Result<bool>(std::chrono::abs(*way) > std::chrono::abs(step_of(fault)) / 2)
               : way.error();
}

Fields step_order(const Fault& fault) {
    return {{"by", step_of(fault)}, {"at_most", fault.params.get<Duration>("at_most")}};
}

}  // namespace

std::unique_ptr<Injector> clock_guest_step() {
    return make_guest_fault({.order = "clock_step",
                             .observe = has_stepped,
                             .remember = remember_offset,
                             .params = step_order,
                             .left = is_away});
}

}  // namespace ordeal::injectors
