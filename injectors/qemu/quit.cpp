#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> qemu_quit() {
    return make_end_of_qemu([](InjectorContext& context, const Fault& fault) {
        return give(context, fault, DomainOrder::monitor_quit);
    });
}

}  // namespace ordeal::injectors
