#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

constexpr std::uint64_t little_free = std::uint64_t{64} << 10U;

Observation is_full(const Fault& /*fault*/, const GuestLooks& looks) {
    return {looks.now.disk_free.count <= little_free ? Presence::active : Presence::absent,
            to_text(looks.now.disk_free) + " are free"};
}

}  // namespace

std::unique_ptr<Injector> guest_disk_full() {
    return make_guest_fault(
        {.order = "disk_full", .shows = is_full, .activation_time = std::chrono::seconds(30)});
}

}  // namespace ordeal::injectors
