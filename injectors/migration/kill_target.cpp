#include "injectors/migration_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> migration_kill_target() {
    return make_migration_fault({.strike = kill_target, .observe = observe_stays});
}

}  // namespace ordeal::injectors
