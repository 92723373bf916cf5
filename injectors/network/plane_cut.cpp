#include "injectors/network_cut.hpp"

#include <vector>

namespace ordeal::injectors {
namespace {

Plane plane_of(const Fault& fault) {
    return plane_named(fault.params.get<std::string>("plane")).value_or(Plane::management);
}

std::vector<Way> ways_of(const Fault& fault) {
    const auto& host = fault.target.host;
    const auto direction = fault.params.get<std::string>("direction");
    std::vector<Way> ways;
    if (direction != "in") {
        ways.push_back({.plane = plane_of(fault), .from = host, .to = ""});
    }
    if (direction != "out") {
        ways.push_back({.plane = plane_of(fault), .from = "", .to = host});
    }
    return ways;
}

/// An echo needs both directions.
std::vector<Witness> witnesses_of(const Fault& fault) {
    return {{.plane = plane_of(fault), .from = "", .to = fault.target.host}};
}

}  // namespace

std::unique_ptr<Injector> network_plane_cut() {
    return make_network_cut({.ways = ways_of, .witnesses = witnesses_of});
}

}  // namespace ordeal::injectors
