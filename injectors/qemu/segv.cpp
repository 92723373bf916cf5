#include "injectors/machine_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> qemu_segv() {
    return make_end_of_qemu([](InjectorContext& context, const Fault& fault) {
        return signal_remembered(context, fault, Signal::segv);
    });
}

}  // namespace ordeal::injectors
