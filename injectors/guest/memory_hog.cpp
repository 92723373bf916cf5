#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

constexpr auto memory_slack = Bytes{std::uint64_t{8} << 20U};

Observation memory_hogs(const Fault& fault, const GuestLooks& looks) {
    const auto leave = fault.params.get<Bytes>("leave");
    const bool harms = looks.now.memory_available.count <= 2 * leave.count + memory_slack.count;
    return {harms && looks.now.fault_processes > 1 ? Presence::active : Presence::absent,
            "the guest's kernel has " + to_text(looks.now.memory_available) + " available"};
}

}  // namespace

std::unique_ptr<Injector> guest_memory_hog() {
    return make_guest_fault(
        {.order = "memory_hog", .shows = memory_hogs, .activation_time = std::chrono::seconds(20)});
}

}  // namespace ordeal::injectors
