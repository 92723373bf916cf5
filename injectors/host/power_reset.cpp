#include "injectors/host_outage.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> host_power_reset() {
    return make_power_fault(PowerOrder::reset, Return::by_itself);
}

}  // namespace ordeal::injectors
