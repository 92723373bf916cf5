#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

DiskFault make(const Params& /*params*/) {
    return {.writes = true, .effect = DiskEffect::error, .error = DiskError::no_space};
}

}  // namespace

std::unique_ptr<Injector> storage_enospc() {
    return disk_fault(make);
}

}  // namespace ordeal::injectors
