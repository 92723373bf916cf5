#include "injectors/service_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> libvirtd_stop() {
    return make_service_fault({.service = "libvirtd", .signal = Signal::stop});
}

}  // namespace ordeal::injectors
