#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

Status remember_source(InjectorContext& /*context*/, const GuestFacts& facts, Fault& fault) {
    if (facts.clocksource.empty()) {
        return fail(ErrorKind::missing, "prepare " + fault.kind, "the guest names no clock source");
    }
    fault.undo.set("clocksource", facts.clocksource);
    return ok();
}

Observation is_another(const Fault& fault, const GuestLooks& looks) {
    const bool other = looks.now.clocksource != fault.undo.get<std::string>("clocksource");
    return {other ? Presence::active : Presence::absent,
            "the guest's clock source is " + looks.now.clocksource};
}

Result<bool> another_stays(InjectorContext& /*context*/,
                           const Fault& fault,
                           const GuestFacts& facts) {
    return facts.clocksource != fault.undo.get<std::string>("clocksource");
}

}  // namespace

std::unique_ptr<Injector> clock_clocksource_switch() {
    return make_guest_fault({.order = "clocksource",
                             .shows = is_another,
                             .remember = remember_source,
                             .left = another_stays});
}

}  // namespace ordeal::injectors
