#include "injectors/host_outage.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> host_panic() {
    return make_sysrq_fault('c', Return::by_reset);
}

}  // namespace ordeal::injectors
