#include "testbed/lab/planes.hpp"

namespace ordeal {
namespace {

/// Up to the last number.
std::string network_of(Plane plane) {
    switch (plane) {
        case Plane::management:
            return "10.76.1.";
        case Plane::storage:
            return "10.76.2.";
        case Plane::migration:
            return "10.76.3.";
        case Plane::guest:
            break;
    }
    return "10.77.0.";
}

}  // namespace

std::string node_address(Plane plane, int number) {
    return network_of(plane) + std::to_string(number);
}

std::string rack_address(Plane plane) {
    return plane == Plane::guest ? "10.77.255.254" : network_of(plane) + "254";
}

std::string power_address(int number) {
    return "10.76.4." + std::to_string(number);
}

int prefix_of(Plane plane) {
    return plane == Plane::guest ? 16 : 24;
}

std::string port_of(const std::string& node, Plane plane) {
    return node + "-" + std::string(name_of(plane));
}

}  // namespace ordeal
