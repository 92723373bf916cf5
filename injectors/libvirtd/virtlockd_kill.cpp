#include "injectors/service_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> libvirtd_virtlockd_kill() {
    return make_service_fault({.service = "virtlockd", .signal = Signal::kill});
}

}  // namespace ordeal::injectors
