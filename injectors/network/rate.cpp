#include "injectors/network_impairment.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration span = 400ms;
/// A burst goes through at once, and the clock of a busy machine is coarse.
constexpr double allowance = 1.5;
constexpr double least_difference = 2 * allowance;

double wanted(const Params& params) {
    return static_cast<double>(params.get<Bytes>("rate").count);
}

Impairment impairment(const Params& params) {
    return {.rate = params.get<Bytes>("rate")};
}

Result<double> measure(InjectorContext& /*context*/, Network& network, const Fault& fault) {
    const auto speed = network.speed(impaired_plane(fault), "", fault.target.host, span);
    return speed ? Result<double>(static_cast<double>(speed->count)) : speed.error();
}

/// Where nothing comes back it is another fault.
bool shows(double /*before*/, double now, const Params& params) {
    return now > 0 && now <= wanted(params) * allowance;
}

bool usable(double before, const Params& params) {
    return before >= wanted(params) * least_difference;
}

std::string words(double speed) {
    return fmt::format("{} a second come back", to_text(Bytes{static_cast<std::uint64_t>(speed)}));
}

}  // namespace

std::unique_ptr<Injector> network_rate() {
    return make_network_impairment({.impairment = impairment,
                                    .measure = measure,
                                    .shows = shows,
                                    .words = words,
                                    .usable = usable});
}

}  // namespace ordeal::injectors
