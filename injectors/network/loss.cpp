#include "injectors/network_impairment.hpp"

#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

/// Enough to meet a loss of one in a hundred, there or back, in most looks.
constexpr int most_echoes = 200;
constexpr Duration patience = 400ms;

Impairment impairment(const Params& params) {
    return {.loss = params.get<double>("percent") / 100};
}

/// The part of the echoes that was lost, up to the first one that was.
Result<double> measure(InjectorContext& context, Network& network, const Fault& fault) {
    for (int sent = 1; sent <= most_echoes && !context.stop.stop_requested(); ++sent) {
        const auto echo = network.echo(impaired_plane(fault), "", fault.target.host, patience);
        if (!echo && echo.error().kind != ErrorKind::timeout) {
            return echo.error();
        }
        if (!echo) {
            return 1.0 / sent;
        }
    }
    return 0.0;
}

bool shows(double before, double now, const Params& /*params*/) {
    return now > before;
}

bool usable(double before, const Params& /*params*/) {
    return before == 0;
}

std::string words(double lost) {
    return lost == 0 ? fmt::format("all of {} echoes came back", most_echoes)
                     : fmt::format("1 of {:.0f} echoes was lost", 1 / lost);
}

}  // namespace

std::unique_ptr<Injector> network_loss() {
    return make_network_impairment({.impairment = impairment,
                                    .measure = measure,
                                    .shows = shows,
                                    .words = words,
                                    .usable = usable});
}

}  // namespace ordeal::injectors
