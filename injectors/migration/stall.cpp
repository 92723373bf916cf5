#include "injectors/migration_fault.hpp"

namespace ordeal::injectors {
namespace {

Result<Observation> does_not_end(InjectorContext& context, const Fault& fault) {
    const auto seen = where_it_runs(context, fault);
    if (!seen) {
        return seen.error();
    }
    const bool both = seen->here && seen->there;
    return Observation{both ? Presence::active : Presence::absent,
                       both ? "both hosts have a QEMU of it, " +
                                  to_text(fault.params.get<Duration>("after")) +
                                  " after the one on the target came up"
                            : "it has ended"};
}

}  // namespace

std::unique_ptr<Injector> migration_stall() {
    return make_migration_fault({.observe = does_not_end});
}

}  // namespace ordeal::injectors
