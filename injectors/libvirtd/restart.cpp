#include "injectors/service_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> libvirtd_restart() {
    return make_service_fault({.service = "libvirtd", .signal = Signal::term});
}

}  // namespace ordeal::injectors
