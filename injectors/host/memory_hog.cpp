#include "injectors/host_program.hpp"

#include <chrono>

namespace ordeal::injectors {
namespace {

std::vector<std::string> argv(const Fault& fault) {
    const auto& params = fault.params;
    return stress_ng(
        {"--vm", "1", "--vm-keep", "--vm-bytes", std::to_string(params.get<Bytes>("size").count)},
        params);
}

bool harms(const ProgramStatus& /*before*/,
           const ProgramStatus& after,
           Duration /*between*/,
           const Params& params) {
    return after.resident.count >= params.get<Bytes>("size").count / 2;
}

}  // namespace

std::unique_ptr<Injector> host_memory_hog() {
    return make_program_fault({.argv = argv, .harms = harms});
}

}  // namespace ordeal::injectors
