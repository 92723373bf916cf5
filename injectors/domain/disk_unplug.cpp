#include "injectors/common.hpp"
#include "injectors/unplug.hpp"

#include <atomic>

namespace ordeal::injectors {
namespace {

Result<Observation> without_disk(InjectorContext& context, const Fault& fault) {
    if (context.guest == nullptr) {
        return fail(ErrorKind::unavailable, "hear of the load", "the guest's doors are closed");
    }
    std::atomic<bool> failed = false;
    const auto heard = context.guest->on_beat([&](const Beat& beat) {
        failed = failed || beat.load_failed;
        context.scheduler.notify();
    });
    const auto life = watch_life(context, fault, silence_span);
    if (!life) {
        return life.error();
    }
    return Observation{
        failed ? Presence::active : Presence::absent,
        failed ? "the agent says that its load failed" : "no beat says that the load failed"};
}

}  // namespace

std::unique_ptr<Injector> domain_disk_unplug() {
    return make_unplug(DeviceKind::disk, without_disk);
}

}  // namespace ordeal::injectors
