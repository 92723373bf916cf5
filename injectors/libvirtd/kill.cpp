#include "injectors/service_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> libvirtd_kill() {
    return make_service_fault({.service = "libvirtd", .signal = Signal::kill});
}

}  // namespace ordeal::injectors
