#include "injectors/migration_fault.hpp"

namespace ordeal::injectors {
namespace {

Result<Observation> nobody_has_it(InjectorContext& context, const Fault& fault) {
    const auto source = look_at_remembered(context, fault);
    if (source) {
        return Observation{Presence::absent, "the QEMU on the source is there"};
    }
    if (source.error().kind != ErrorKind::not_found) {
        return source.error();
    }
    const auto there = has_qemu(context, fault, other_host(fault));
    if (!there) {
        return there.error();
    }
    return Observation{*there ? Presence::absent : Presence::active,
                       *there ? "the QEMU on the target is there"
                              : "neither the source nor the target has a QEMU of it"};
}

}  // namespace

std::unique_ptr<Injector> migration_kill_source() {
    return make_migration_fault({.strike =
                                     [](InjectorContext& context, const Fault& fault) {
                                         return signal_remembered(context, fault, Signal::kill);
                                     },
                                 .observe = nobody_has_it});
}

}  // namespace ordeal::injectors
