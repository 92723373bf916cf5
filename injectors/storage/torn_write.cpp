#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

DiskFault make(const Params& params) {
    return {.writes = true, .effect = DiskEffect::tear, .rate = params.get<double>("rate", 1)};
}

}  // namespace

std::unique_ptr<Injector> storage_torn_write() {
    return disk_fault(make);
}

}  // namespace ordeal::injectors
