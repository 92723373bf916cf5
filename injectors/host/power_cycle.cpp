#include "injectors/host_outage.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> host_power_cycle() {
    return make_power_fault(PowerOrder::cycle, Return::by_itself);
}

}  // namespace ordeal::injectors
