#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

Status count_kills(InjectorContext& /*context*/, const GuestFacts& facts, Fault& fault) {
    fault.undo.set("oom_kills", facts.oom_kills);
    return ok();
}

Observation killed(const Fault& fault, const GuestLooks& looks) {
    const auto kills = looks.now.oom_kills - fault.undo.get<std::int64_t>("oom_kills");
    return {kills > 0 ? Presence::active : Presence::absent,
            "the guest's kernel has killed " + std::to_string(kills) + " for want of memory"};
}

}  // namespace

std::unique_ptr<Injector> guest_oom() {
    return make_guest_fault({.order = "oom",
                             .shows = killed,
                             .remember = count_kills,
                             .activation_time = std::chrono::seconds(30)});
}

}  // namespace ordeal::injectors
