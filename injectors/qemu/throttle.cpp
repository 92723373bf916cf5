#include "injectors/machine_fault.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

/// Five of the periods in which the kernel counts.
constexpr Duration between_counts = 500ms;

struct Used {
    Duration cpu_time{};
    std::uint64_t throttled = 0;
};

Result<Used> used(InjectorContext& context, const Fault& fault) {
    const auto status = look_at_remembered(context, fault);
    const auto process = remembered(fault);
    auto host = host_of(context, fault);
    if (!status || !process || !host) {
        return !status ? status.error() : host ? process.error() : host.error();
    }
    const auto confined = (*host)->confined(*process);
    return confined ? Result<Used>(Used{status->cpu_time, confined->throttled}) : confined.error();
}

double processors_of(const Fault& fault) {
    return fault.params.get<double>("processors");
}

Result<Observation> starves(InjectorContext& context, const Fault& fault) {
    const auto first = used(context, fault);
    context.scheduler.wait_for(between_counts, context.stop);
    const auto second = first ? used(context, fault) : first;
    if (!second) {
        return second.error();
    }
    const auto cpu_time = second->cpu_time - first->cpu_time;
    const auto waits = second->throttled - first->throttled;
    const auto span = std::chrono::duration<double>(between_counts);
    // Twice what it may have, for the periods do not begin with the looks.
    const bool little = std::chrono::duration<double>(cpu_time) <= 2 * processors_of(fault) * span;
    return Observation{
        waits > 0 && little ? Presence::active : Presence::absent,
        fmt::format("it was kept waiting in {} periods and used {} of CPU time in {}",
                    waits,
                    to_text(cpu_time),
                    to_text(between_counts))};
}

}  // namespace

std::unique_ptr<Injector> qemu_throttle() {
    return make_restraint(
        {.make = [](const Fault& fault) { return Confinement{.processors = processors_of(fault)}; },
         .acts = starves});
}

}  // namespace ordeal::injectors
