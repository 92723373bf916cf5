#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

/// Writes that must be durable are met, too; others are not.
DiskFault make(const Params& params) {
    return {.writes = true,
            .flushes = true,
            .effect = DiskEffect::lose,
            .rate = params.get<double>("rate", 1)};
}

}  // namespace

std::unique_ptr<Injector> storage_lost_flush() {
    return disk_fault(make);
}

}  // namespace ordeal::injectors
