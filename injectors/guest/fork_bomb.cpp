#include "injectors/guest_fault.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

Observation bursts(const Fault& fault, const GuestLooks& looks) {
    const auto wanted = fault.params.get<std::int64_t>("processes");
    const bool most = looks.now.fault_processes * 2 >= wanted;
    return {most ? Presence::active : Presence::absent,
            fmt::format("the guest has {} processes more", looks.now.fault_processes)};
}

}  // namespace

std::unique_ptr<Injector> guest_fork_bomb() {
    return make_guest_fault(
        {.order = "fork_bomb", .shows = bursts, .activation_time = std::chrono::seconds(20)});
}

}  // namespace ordeal::injectors
