#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> qemu_freeze() {
    return make_restraint({.make = [](const Fault&) { return Confinement{.frozen = true}; },
                           .acts = observe_standstill});
}

}  // namespace ordeal::injectors
