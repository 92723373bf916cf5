#include "injectors/migration_fault.hpp"

namespace ordeal::injectors {
namespace {

Status cut_migration_plane(InjectorContext& context, const Fault& fault) {
    const auto& here = fault.target.host;
    const auto there = other_host(fault);
    return cut(context, fault, {{Plane::migration, here, there}, {Plane::migration, there, here}});
}

Result<Observation> is_stuck(InjectorContext& context, const Fault& fault) {
    const auto way = echoes(context, Plane::migration, fault.target.host, other_host(fault));
    const auto seen = where_it_runs(context, fault);
    if (!way || !seen) {
        return way ? seen.error() : way.error();
    }
    const bool stuck = !*way && seen->here;
    return Observation{stuck ? Presence::active : Presence::absent,
                       *way         ? "an echo comes over the migration plane"
                       : seen->here ? "no echo comes over the migration plane, and the source "
                                      "still has its QEMU"
                                    : "the source has no QEMU of it"};
}

}  // namespace

std::unique_ptr<Injector> migration_cut_link() {
    return make_migration_fault(
        {.strike = cut_migration_plane, .observe = is_stuck, .undo = mend, .is_left = is_cut});
}

}  // namespace ordeal::injectors
