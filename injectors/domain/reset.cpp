#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> domain_reset() {
    return make_reset(DomainOrder::reset);
}

}  // namespace ordeal::injectors
