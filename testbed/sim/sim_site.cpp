// What is around a simulated host: its power controller and the networks.
#include "testbed/sim/sim_host.hpp"

#include <algorithm>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration controller_latency = 30ms;
constexpr Duration off_time = 1s;  // of a power cycle
constexpr Duration echo_latency = 300us;

}  // namespace

Result<PowerState> SimPower::state(Duration deadline) {
    world_.scheduler().wait_for(std::min(controller_latency, deadline), {});
    const bool on = machine_.power() == PowerState::on;
    return on != world_.mishaps().power_lies ? PowerState::on : PowerState::off;
}

Status SimPower::order(PowerOrder order, Duration deadline) {
    world_.scheduler().wait_for(std::min(controller_latency, deadline), {});
    if (world_.mishaps().power == Deed::fails) {
        return fail(ErrorKind::refused,
                    "power " + std::string(name_of(order)) + " of " + machine_.name(),
                    "the controller refused");
    }
    if (world_.mishaps().power == Deed::does_nothing) {
        return ok();
    }
    switch (order) {
        case PowerOrder::on:
            machine_.power_on();
            break;
        case PowerOrder::off:
            machine_.power_off();
            break;
        case PowerOrder::reset:
            machine_.power_off();
            machine_.power_on();
            break;
        case PowerOrder::cycle:
            machine_.power_off();
            world_.agenda().after(off_time, [machine = &machine_] { machine->power_on(); });
            break;
        case PowerOrder::diagnose:
            machine_.panic();
            break;
    }
    return ok();
}

Status SimNetwork::cut(const std::string& id, const std::vector<Way>& ways) {
    if (world_.mishaps().network == Deed::fails) {
        return fail(ErrorKind::refused, "cut " + id, "not permitted");
    }
    if (world_.mishaps().network == Deed::works) {
        world_.cut(id, ways);
    }
    return ok();
}

Status SimNetwork::mend(const std::string& id) {
    if (world_.mishaps().network == Deed::fails) {
        return fail(ErrorKind::refused, "mend " + id, "not permitted");
    }
    if (world_.mishaps().network == Deed::works) {
        world_.mend(id);
    }
    return ok();
}

Result<bool> SimNetwork::is_cut(const std::string& id) {
    if (world_.mishaps().blind) {
        return fail(ErrorKind::unavailable, "look for cut " + id, "the networks cannot be read");
    }
    return world_.is_cut(id);
}

Result<Duration> SimNetwork::echo(Plane plane,
                                  const std::string& from,
                                  const std::string& to,
                                  Duration deadline) {
    const auto tried = "reach " + to + " over the plane " + std::string(name_of(plane));
    const auto up = [this](const std::string& name) {
        const auto* machine = world_.machine(name);
        return name.empty() || (machine != nullptr && machine->up());
    };
    if (world_.mishaps().blind) {
        return fail(ErrorKind::unavailable, tried, "the networks cannot be read");
    }
    if (!up(from) || !up(to) || !world_.connected(plane, from, to) || deadline < echo_latency) {
        world_.scheduler().wait_for(deadline, {});
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }
    world_.scheduler().wait_for(echo_latency, {});
    return echo_latency;
}

}  // namespace ordeal
