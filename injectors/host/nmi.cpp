#include "injectors/host_outage.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> host_nmi() {
    return make_power_fault(PowerOrder::diagnose, Return::by_reset);
}

}  // namespace ordeal::injectors
