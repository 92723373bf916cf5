#include "injectors/network_impairment.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration span = 300ms;
constexpr Duration patience = 400ms;
constexpr double nothing_comes = -1;

Impairment impairment(const Params& params) {
    return {.larger_than = params.get<Bytes>("larger_than")};
}

/// What comes back of large echoes; `nothing_comes` where a small one does not come back either.
Result<double> measure(InjectorContext& /*context*/, Network& network, const Fault& fault) {
    const auto plane = impaired_plane(fault);
    const auto small = network.echo(plane, "", fault.target.host, patience);
    if (!small) {
        return small.error().kind == ErrorKind::timeout ? Result<double>(nothing_comes)
                                                        : small.error();
    }
    const auto speed = network.speed(plane, "", fault.target.host, span);
    return speed ? Result<double>(static_cast<double>(speed->count)) : speed.error();
}

bool shows(double /*before*/, double now, const Params& /*params*/) {
    return now == 0;
}

bool usable(double before, const Params& /*params*/) {
    return before > 0;
}

std::string words(double speed) {
    if (speed < 0) {
        return "no echo comes back";
    }
    return fmt::format("a small echo comes back, and {} a second of large ones",
                       to_text(Bytes{static_cast<std::uint64_t>(speed)}));
}

}  // namespace

std::unique_ptr<Injector> network_mtu_blackhole() {
    return make_network_impairment({.impairment = impairment,
                                    .measure = measure,
                                    .shows = shows,
                                    .words = words,
                                    .usable = usable});
}

}  // namespace ordeal::injectors
