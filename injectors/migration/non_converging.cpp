#include "injectors/machine_fault.hpp"
#include "injectors/migration_fault.hpp"

#include <algorithm>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_pass_looks = 100ms;
constexpr Duration patience_for_passes = 10s;
constexpr std::uint64_t passes_wanted = 3;

Result<Observation> goes_round(InjectorContext& context, const Fault& fault) {
    const auto end = std::min(context.deadline, context.scheduler.now() + patience_for_passes);
    auto seen = where_it_runs(context, fault);
    std::uint64_t pass = 0;
    while (seen && seen->here && seen->there && pass < passes_wanted &&
           context.scheduler.now() + between_pass_looks < end) {
        context.scheduler.wait_for(between_pass_looks, context.stop);
        const auto orders = orders_for(context, fault);
        const auto progress = orders ? (*orders)->migration(fault.target.domain) : orders.error();
        pass = progress ? progress->pass : pass;
        seen = where_it_runs(context, fault);
    }
    if (!seen) {
        return seen.error();
    }
    const bool round = seen->here && seen->there && pass >= passes_wanted;
    return Observation{
        round ? Presence::active : Presence::absent,
        "pass " + std::to_string(pass) + " over the memory; " +
            (seen->here && seen->there ? "both hosts have a QEMU of it" : "it has ended")};
}

}  // namespace

std::unique_ptr<Injector> migration_non_converging() {
    return make_migration_fault({.observe = goes_round, .pause = std::chrono::milliseconds(1)});
}

}  // namespace ordeal::injectors
