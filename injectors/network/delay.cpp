#include "injectors/network_impairment.hpp"

#include <algorithm>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr int echoes = 3;
constexpr Duration patience = 400ms;

Duration wanted(const Params& params) {
    return params.get<Duration>("delay");
}

Impairment impairment(const Params& params) {
    return {.delay = wanted(params)};
}

/// The best of some round-trip times, in seconds: a busy machine makes them longer, none shorter.
Result<double> measure(InjectorContext& /*context*/, Network& network, const Fault& fault) {
    auto best = Duration::max();
    for (int i = 0; i < echoes; ++i) {
        const auto echo = network.echo(
            impaired_plane(fault), "", fault.target.host, wanted(fault.params) + patience);
        if (!echo) {
            return echo.error();
        }
        best = std::min(best, *echo);
    }
    return seconds(best);
}

bool shows(double before, double now, const Params& params) {
    return now - before >= 0.8 * seconds(wanted(params));
}

bool usable(double before, const Params& params) {
    return before < seconds(wanted(params));
}

std::string words(double time) {
    return "an echo takes " +
           to_text(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(time)));
}

}  // namespace

std::unique_ptr<Injector> network_delay() {
    return make_network_impairment({.impairment = impairment,
                                    .measure = measure,
                                    .shows = shows,
                                    .words = words,
                                    .usable = usable,
                                    .both_directions = false});
}

}  // namespace ordeal::injectors
