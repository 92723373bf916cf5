#include "injectors/guest_fault.hpp"
#include "injectors/service_door.hpp"

namespace ordeal::injectors {
namespace {

Result<Observation> nobody_listens(InjectorContext& context, const Fault& fault) {
    const auto connected = connect_to_service(context, fault);
    if (connected) {
        return Observation{Presence::absent, "somebody listens at the service's port"};
    }
    const bool refused = connected.error().kind == ErrorKind::refused;
    return Observation{refused ? Presence::active : Presence::unknown, connected.error().text()};
}

}  // namespace

std::unique_ptr<Injector> guest_service_kill() {
    return make_guest_fault(
        {.order = "service_kill", .observe = nobody_listens, .remember = service_answers_before});
}

}  // namespace ordeal::injectors
