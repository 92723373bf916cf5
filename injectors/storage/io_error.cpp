#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

DiskFault make(const Params& params) {
    DiskFault fault{.effect = DiskEffect::error, .rate = params.get<double>("rate", 1)};
    set_operations(fault, params.get<std::string>("operations"));
    fault.from = params.get<Bytes>("from").count;
    if (const auto length = params.get<Bytes>("length").count; length > 0) {
        fault.to = fault.from + length;
    }
    return fault;
}

}  // namespace

std::unique_ptr<Injector> storage_io_error() {
    return disk_fault(make);
}

}  // namespace ordeal::injectors
