#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration least_way = 30ms;

Status remember_clock(InjectorContext& context, const GuestFacts& facts, Fault& fault) {
    const auto offset = clock_offset(context, fault);
    if (!offset) {
        return offset.error();
    }
    fault.undo.set("ahead", offset->ahead);
    fault.undo.set("tick_us", facts.clock_tick_us);
    return ok();
}

Result<Observation> goes_wrong(InjectorContext& context, const Fault& fault) {
    const auto offset = clock_offset(context, fault);
    if (!offset) {
        return offset.error();
    }
    const auto way = offset->ahead - fault.undo.get<Duration>("ahead");
    const bool fast = fault.params.get<std::string>("direction") == "fast";
    const bool shows = (fast ? way : -way) > least_way + 2 * offset->round_trip;
    return Observation{shows ? Presence::active : Presence::absent,
                       "against ours the guest's clock has moved by " + to_text(way)};
}

Result<bool> has_other_tick(InjectorContext& /*context*/,
                            const Fault& fault,
                            const GuestFacts& facts) {
    return facts.clock_tick_us != fault.undo.get<std::int64_t>("tick_us");
}

Fields skew_order(const Fault& fault) {
    const auto ppm = fault.params.get<std::int64_t>("ppm");
    const bool fast = fault.params.get<std::string>("direction") == "fast";
    return {{"ppm", fast ? ppm : -ppm}, {"at_most", fault.params.get<Duration>("at_most")}};
}

}  // namespace

std::unique_ptr<Injector> clock_guest_skew() {
    return make_guest_fault({.order = "clock_skew",
                             .observe = goes_wrong,
                             .remember = remember_clock,
                             .params = skew_order,
                             .left = has_other_tick,
                             .activation_time = 15s});
}

}  // namespace ordeal::injectors
