#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

Observation is_read_only(const Fault& /*fault*/, const GuestLooks& looks) {
    const bool now = looks.now.disk_read_only;
    return {now ? Presence::active : Presence::absent,
            now ? "the file system is read-only" : "the file system can be written"};
}

Result<bool> stays_read_only(InjectorContext& /*context*/,
                             const Fault& /*fault*/,
                             const GuestFacts& facts) {
    return facts.disk_read_only;
}

}  // namespace

std::unique_ptr<Injector> guest_fs_readonly() {
    return make_guest_fault(
        {.order = "fs_readonly", .shows = is_read_only, .left = stays_read_only});
}

}  // namespace ordeal::injectors
