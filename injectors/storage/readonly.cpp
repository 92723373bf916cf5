#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

DiskFault make(const Params& /*params*/) {
    return {.writes = true, .effect = DiskEffect::error, .error = DiskError::read_only};
}

}  // namespace

std::unique_ptr<Injector> storage_readonly() {
    return disk_fault(make);
}

}  // namespace ordeal::injectors
