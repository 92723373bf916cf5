#include "injectors/host_program.hpp"

#include <chrono>

namespace ordeal::injectors {
namespace {

std::string directory(const Fault& fault) {
    return fault.params.get<std::string>("path") + "/ordeal-" + fault.id;
}

std::vector<std::string> argv(const Fault& fault) {
    const auto& params = fault.params;
    return stress_ng({"--hdd",
                      std::to_string(params.get<std::int64_t>("workers")),
                      "--hdd-bytes",
                      std::to_string(params.get<Bytes>("size").count),
                      "--temp-path",
                      directory(fault)},
                     params);
}

bool harms(const ProgramStatus& before,
           const ProgramStatus& after,
           Duration /*between*/,
           const Params& /*params*/) {
    return after.written.count > before.written.count;
}

}  // namespace

std::unique_ptr<Injector> host_io_hog() {
    return make_program_fault({.argv = argv, .harms = harms, .directory = directory});
}

}  // namespace ordeal::injectors
