#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> qemu_reset() {
    return make_reset(DomainOrder::monitor_reset);
}

}  // namespace ordeal::injectors
