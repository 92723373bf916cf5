#include "injectors/guest_fault.hpp"
#include "injectors/service_door.hpp"

namespace ordeal::injectors {
namespace {

Result<Observation> listens_and_is_silent(InjectorContext& context, const Fault& fault) {
    const auto connected = connect_to_service(context, fault);
    if (!connected) {
        return Observation{Presence::unknown, connected.error().text()};
    }
    const auto answer = ask_service(context, fault);
    if (answer) {
        return Observation{Presence::absent, "the service answers: " + *answer};
    }
    const bool silent = answer.error().kind == ErrorKind::timeout;
    return Observation{
        silent ? Presence::active : Presence::unknown,
        silent ? "its port takes connections and nothing answers there" : answer.error().text()};
}

}  // namespace

std::unique_ptr<Injector> guest_service_hang() {
    return make_guest_fault({.order = "service_hang",
                             .observe = listens_and_is_silent,
                             .remember = service_answers_before});
}

}  // namespace ordeal::injectors
