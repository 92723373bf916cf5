#include "injectors/guest_fault.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

Observation cpu_hogs(const Fault& /*fault*/, const GuestLooks& looks) {
    const auto used = looks.now.fault_cpu_time - looks.before.fault_cpu_time;
    const bool harms = used >= looks.between / 10;
    return {harms ? Presence::active : Presence::absent,
            fmt::format("in {} the workers used {} of processor time; {} tasks want to run",
                        to_text(looks.between),
                        to_text(used),
                        looks.now.runnable)};
}

}  // namespace

std::unique_ptr<Injector> guest_cpu_hog() {
    return make_guest_fault({.order = "cpu_hog", .shows = cpu_hogs});
}

}  // namespace ordeal::injectors
