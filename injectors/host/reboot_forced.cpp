#include "injectors/host_outage.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> host_reboot_forced() {
    return make_sysrq_fault('b', Return::by_itself);
}

}  // namespace ordeal::injectors
