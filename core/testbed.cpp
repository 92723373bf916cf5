#include "core/testbed.hpp"

#include "core/injector.hpp"

namespace ordeal {

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

Status Testbed::define_at(const std::string& domain, const std::string& host) {
    return fail(ErrorKind::missing,
                "define " + domain + " at " + host,
                "this testbed defines no domains elsewhere");
}

Result<Host*> Testbed::host_of(const std::string& domain) {
    return fail(
        ErrorKind::missing, "find the host of " + domain, "domains of this testbed do not move");
}

}  // namespace ordeal
