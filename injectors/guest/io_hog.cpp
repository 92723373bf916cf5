#include "injectors/guest_fault.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

constexpr std::uint64_t least_written = 4096;

Observation io_hogs(const Fault& /*fault*/, const GuestLooks& looks) {
    const auto before = looks.before.fault_written.count;
    const auto now = looks.now.fault_written.count;
    return {now >= before + least_written ? Presence::active : Presence::absent,
            fmt::format("in {} it wrote {} to the disk",
                        to_text(looks.between),
                        to_text(Bytes{now > before ? now - before : 0}))};
}

}  // namespace

std::unique_ptr<Injector> guest_io_hog() {
    return make_guest_fault(
        {.order = "io_hog", .shows = io_hogs, .activation_time = std::chrono::seconds(15)});
}

}  // namespace ordeal::injectors
