#include "injectors/service_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> libvirtd_virtlogd_kill() {
    return make_service_fault({.service = "virtlogd", .signal = Signal::kill});
}

}  // namespace ordeal::injectors
