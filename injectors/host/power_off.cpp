#include "injectors/host_outage.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> host_power_off() {
    return make_power_fault(PowerOrder::off, Return::by_power);
}

}  // namespace ordeal::injectors
