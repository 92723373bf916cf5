#include "injectors/host_program.hpp"

#include <chrono>

namespace ordeal::injectors {
namespace {

std::vector<std::string> argv(const Fault& fault) {
    const auto& params = fault.params;
    return stress_ng({"--cpu",
                      std::to_string(params.get<std::int64_t>("workers")),
                      "--cpu-load",
                      std::to_string(params.get<std::int64_t>("load"))},
                     params);
}

/// A part of what one worker is to use: on a busy machine it gets no more than its share.
bool harms(const ProgramStatus& before,
           const ProgramStatus& after,
           Duration between,
           const Params& params) {
    const auto wanted = between * params.get<std::int64_t>("load") / 100;
    return after.cpu_time - before.cpu_time >= wanted / 10;
}

}  // namespace

std::unique_ptr<Injector> host_cpu_hog() {
    return make_program_fault({.argv = argv, .harms = harms});
}

}  // namespace ordeal::injectors
