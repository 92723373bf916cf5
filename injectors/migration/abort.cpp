#include "injectors/machine_fault.hpp"
#include "injectors/migration_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> migration_abort() {
    return make_migration_fault({.strike =
                                     [](InjectorContext& context, const Fault& fault) {
                                         return give(context, fault, DomainOrder::abort_migration);
                                     },
                                 .observe = observe_stays});
}

}  // namespace ordeal::injectors
