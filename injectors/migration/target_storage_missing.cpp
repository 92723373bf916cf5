#include "injectors/migration_fault.hpp"

namespace ordeal::injectors {
namespace {

Status cut_storage_of_target(InjectorContext& context, const Fault& fault) {
    const auto there = other_host(fault);
    return cut(context, fault, {{Plane::storage, there, ""}, {Plane::storage, "", there}});
}

Result<Observation> has_no_disk_there(InjectorContext& context, const Fault& fault) {
    const auto way = echoes(context, Plane::storage, "", other_host(fault));
    const auto seen = where_it_runs(context, fault);
    if (!way || !seen) {
        return way ? seen.error() : way.error();
    }
    const bool stays = !*way && seen->here;
    return Observation{stays ? Presence::active : Presence::absent,
                       *way         ? "an echo comes from the target over the storage plane"
                       : seen->here ? "no echo comes from the target over the storage plane, and "
                                      "the source still has its QEMU"
                                    : "the source has no QEMU of it"};
}

}  // namespace

std::unique_ptr<Injector> migration_target_storage_missing() {
    return make_migration_fault({.set_stage = cut_storage_of_target,
                                 .observe = has_no_disk_there,
                                 .undo = mend,
                                 .is_left = is_cut});
}

}  // namespace ordeal::injectors
