#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

DiskFault make(const Params& params) {
    DiskFault fault{.effect = DiskEffect::spoil, .rate = params.get<double>("rate", 1)};
    set_operations(fault, params.get<std::string>("operations"));
    return fault;
}

}  // namespace

std::unique_ptr<Injector> storage_corrupt() {
    return disk_fault(make);
}

}  // namespace ordeal::injectors
