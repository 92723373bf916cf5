// What is around a simulated host: its power controller and the networks.
#include "testbed/sim/sim_host.hpp"

#include <algorithm>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration controller_latency = 30ms;
constexpr Duration off_time = 1s;  // of a power cycle
constexpr Duration echo_latency = 300us;
constexpr Bytes full_speed{std::uint64_t{100} << 20U};  // a second

constexpr Duration program_tick = 10ms;
constexpr Duration power_death = 2ms;
constexpr auto gibibyte = Bytes{std::uint64_t{1} << 30U};
constexpr std::uint64_t written_a_tick = std::uint64_t{1} << 20U;

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

Status SimNetwork::order(const std::string& tried, const std::function<void()>& deed) {
    if (world_.mishaps().network == Deed::fails) {
        return fail(ErrorKind::refused, tried, "not permitted");
    }
    if (world_.mishaps().network == Deed::works) {
        deed();
    }
    return ok();
}

Status SimNetwork::cut(const std::string& id, const std::vector<Way>& ways) {
    return order("cut " + id, [&] { world_.cut(id, ways); });
}

Status SimNetwork::impair(const std::string& id,
                          const std::vector<Way>& ways,
                          const Impairment& impairment) {
    return order("impair " + id, [&] { world_.impair(id, ways, impairment); });
}

Status SimNetwork::can_impair(const Impairment& /*impairment*/) {
    return world_.mishaps().no_impairment
               ? Status(fail(ErrorKind::missing, "impair a network", "the switches cannot"))
               : ok();
}

Status SimNetwork::mend(const std::string& id) {
    return order("mend " + id, [&] { world_.mend(id); });
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
    const auto impairment = world_.impairment(plane, from, to);
    const auto way = echo_latency + impairment.delay;
    owed_ += impairment.loss;
    const bool lost = owed_ >= 1;
    if (lost) {
        owed_ -= 1;
    }
    if (lost || !up(from) || !up(to) || !world_.connected(plane, from, to) || deadline < way) {
        world_.scheduler().wait_for(deadline, {});
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }
    world_.scheduler().wait_for(way, {});
    return way;
}

Result<Bytes> SimNetwork::speed(Plane plane,
                                const std::string& from,
                                const std::string& to,
                                Duration span) {
    const auto first = echo(plane, from, to, span);
    if (!first) {
        return first.error().kind == ErrorKind::timeout ? Result<Bytes>(Bytes{}) : first.error();
    }
    world_.scheduler().wait_for(span - *first, {});
    const auto impairment = world_.impairment(plane, from, to);
    if (impairment.larger_than.count != 0) {
        return Bytes{};  // it is measured with large frames
    }
    const auto rate = impairment.rate;
    return rate.count == 0 ? full_speed : std::min(rate, full_speed);
}

Status SimHost::start_program(const std::string& name,
                              const std::vector<std::string>& argv,
                              Duration deadline) {
    if (program(name)) {
        return fail(ErrorKind::refused, "start program " + name, "it runs already");
    }
    const auto ordered = run({"true"}, deadline);
    if (!ordered || world_.mishaps().commands == Deed::does_nothing || argv.empty()) {
        return ordered ? ok() : Status(ordered.error());
    }
    auto& programs = machine_.programs;
    programs[name] = machine_.processes().launch([&programs, name] { programs.erase(name); });
    machine_.processes().set_load(programs[name], 1.0);
    return ok();
}

Result<ProgramStatus> SimHost::program(const std::string& name) {
    if (auto looked = look("find program " + name); !looked) {
        return looked.error();
    }
    const auto found = machine_.programs.find(name);
    if (found == machine_.programs.end()) {
        return fail(ErrorKind::not_found, "find program " + name, "it does not run");
    }
    const auto status = machine_.processes().status(found->second);
    if (!status) {
        return status.error();
    }
    const auto ticks = static_cast<std::uint64_t>(status->cpu_time / program_tick);
    return ProgramStatus{.process = found->second,
                         .cpu_time = status->cpu_time,
                         .resident = gibibyte,
                         .written = Bytes{ticks * written_a_tick}};
}

Status SimHost::end_program(const std::string& name) {
    const auto found = machine_.programs.find(name);
    if (found == machine_.programs.end()) {
        return ok();
    }
    auto ended = signal(found->second, Signal::kill);
    world_.scheduler().wait_for(power_death, {});
    return ended;
}

}  // namespace ordeal
