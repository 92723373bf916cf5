#include "testbed/lab/planes.hpp"

namespace ordeal {
namespace {

/// Up to the last number.
std::string network_of(Plane plane) {
    switch (plane) {
        case Plane::management:
            return "10.76.1.";
        case Plane::storage:
            return "10.78.0.";
        case Plane::migration:
            return "10.76.3.";
        case Plane::guest:
            break;
    }
    return "10.77.0.";
}

/// Slot 0 is 1.1; the last part is never 0 or 255.
std::string tail_of(int slot) {
    constexpr int addresses_per_net = 250;
    return std::to_string(1 + slot / addresses_per_net) + "." +
           std::to_string(1 + slot % addresses_per_net);
}

}  // namespace

std::string node_address(Plane plane, int number) {
    return network_of(plane) + std::to_string(number);
}

std::string rack_address(Plane plane) {
    switch (plane) {
        case Plane::guest:
            return "10.77.255.254";
        case Plane::storage:
            return "10.78.255.254";
        default:
            return network_of(plane) + "254";
    }
}

std::string power_address(int number) {
    return "10.76.4." + std::to_string(number);
}

std::string guest_address(int slot) {
    return "10.77." + tail_of(slot);
}

std::string disk_address(int slot) {
    return "10.78." + tail_of(slot);
}

int prefix_of(Plane plane) {
    return plane == Plane::guest || plane == Plane::storage ? 16 : 24;
}

std::string port_of(const std::string& node, Plane plane) {
    return node + "-" + std::string(name_of(plane));
}

}  // namespace ordeal
