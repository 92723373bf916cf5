#include "core/testbed.hpp"

#include "core/injector.hpp"

#include <algorithm>

namespace ordeal {

Result<ledger::Plan> plan_of(const LoadOrder& order) {
    const auto profile = ledger::parse_profile(order.spec.profile);
    if (!profile) {
        return profile.error();
    }
    const auto narrow = [](std::uint64_t number) {
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
    };
    const ledger::Plan plan{
        .profile = *profile,
        .run = order.run_id,
        .seed = order.seed,
        .record_size = narrow(order.spec.record.count),
        .writers = narrow(static_cast<std::uint64_t>(std::max(order.spec.writers, 0))),
        .slots = order.slots};
    if (auto valid = ledger::validate(plan); !valid) {
        return valid.error();
    }
    return plan;
}

std::string_view name_of(DomainState state) {
    switch (state) {
        case DomainState::no_state:
            return "no state";
        case DomainState::running:
            return "running";
        case DomainState::blocked:
            return "blocked";
        case DomainState::paused:
            return "paused";
        case DomainState::shutting_down:
            return "shutting down";
        case DomainState::shut_off:
            return "shut off";
        case DomainState::crashed:
            return "crashed";
        case DomainState::pm_suspended:
            return "pm suspended";
        case DomainState::not_defined:
            return "not defined";
    }
    return "no state";
}

std::string_view name_of(DomainOrder order) {
    switch (order) {
        case DomainOrder::reset:
            return "reset";
        case DomainOrder::save:
            return "save";
        case DomainOrder::abort_migration:
            return "abort the migration of";
        case DomainOrder::monitor_quit:
            return "quit";
        case DomainOrder::monitor_stop:
            return "stop";
        case DomainOrder::monitor_cont:
            return "cont";
        case DomainOrder::monitor_reset:
            return "system_reset";
        case DomainOrder::monitor_power_button:
            return "system_powerdown";
    }
    return "";
}

std::string_view name_of(PowerState state) {
    return state == PowerState::on ? "on" : "off";
}

std::string_view name_of(PowerOrder order) {
    switch (order) {
        case PowerOrder::off:
            return "off";
        case PowerOrder::on:
            return "on";
        case PowerOrder::reset:
            return "reset";
        case PowerOrder::cycle:
            return "cycle";
        case PowerOrder::diagnose:
            return "diagnose";
    }
    return "off";
}

std::string_view name_of(Plane plane) {
    switch (plane) {
        case Plane::management:
            return "management";
        case Plane::storage:
            return "storage";
        case Plane::migration:
            return "migration";
        case Plane::guest:
            return "guest";
    }
    return "management";
}

std::optional<Plane> plane_named(std::string_view name) {
    for (const auto plane : all_planes) {
        if (name_of(plane) == name) {
            return plane;
        }
    }
    return std::nullopt;
}

std::string_view name_of(Presence presence) {
    switch (presence) {
        case Presence::active:
            return "active";
        case Presence::absent:
            return "absent";
        case Presence::unknown:
            return "unknown";
    }
    return "unknown";
}

Status Hypervisor::migrate(const std::string& domain,
                           const Migration& migration,
                           Duration /*deadline*/) {
    return fail(
        ErrorKind::missing, "migrate " + domain + " to " + migration.host, "nobody here can");
}

Status Hypervisor::ping_guest_agent(const std::string& domain, Duration /*deadline*/) {
    return fail(ErrorKind::missing, "ping the guest agent of " + domain, "nobody here can");
}

Result<std::string> Host::run_state(const std::string& domain, Duration /*deadline*/) {
    return fail(ErrorKind::missing, "ask the QEMU of " + domain, "no monitor of its own here");
}

Result<std::vector<DiskQueue>> Host::disk_queues(const std::string& domain, Duration /*deadline*/) {
    return fail(ErrorKind::missing, "ask the QEMU of " + domain, "no monitor of its own here");
}

Result<std::vector<Duration>> Host::vcpu_times(const ProcessRef& qemu) {
    return fail(ErrorKind::missing,
                "look at the processors of process " + std::to_string(qemu.pid),
                "nobody here can");
}

Status Hypervisor::inject_nmi(const std::string& domain) {
    return fail(ErrorKind::missing, "give " + domain + " an NMI", "nobody here can");
}

Status Guest::heal(const std::string& fault, Duration /*deadline*/) {
    return fail(ErrorKind::missing, "end the fault " + fault, "nobody in this guest can");
}

Result<GuestFacts> Guest::look(const std::string& /*disk*/, Duration /*deadline*/) {
    return fail(ErrorKind::missing, "look into the guest", "nobody in it tells");
}

Result<DomainOrders*> Hypervisor::orders(const std::string& domain) {
    return fail(ErrorKind::missing, "give orders to " + domain, "nobody here can");
}

Status Host::confine(const ProcessRef& /*process*/, const Confinement& /*confinement*/) {
    return fail(ErrorKind::missing, "confine a process on " + name(), "nobody here can");
}

Result<Confined> Host::confined(const ProcessRef& /*process*/) {
    return fail(ErrorKind::not_found, "look at a confined process on " + name(), "there is none");
}

Status Host::release(const ProcessRef& /*process*/) {
    return ok();
}

Status Testbed::define_at(const std::string& domain, const std::string& host) {
    return fail(ErrorKind::missing,
                "define " + domain + " at " + host,
                "this testbed defines no domains elsewhere");
}

Result<ClientSide*> Testbed::clients() {
    return fail(ErrorKind::missing, "find a place for clients", "this testbed has none");
}

Result<Host*> Testbed::host_of(const std::string& domain) {
    return fail(
        ErrorKind::missing, "find the host of " + domain, "domains of this testbed do not move");
}

}  // namespace ordeal
