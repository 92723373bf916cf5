#include "testbed/libvirt_words.hpp"

#include <libvirt/libvirt.h>

#include <cstddef>
#include <string_view>
#include <vector>

namespace ordeal {
namespace {

using Words = std::vector<std::string_view>;

struct Group {
    std::string_view name;
    Words details;
};

std::string word(const Words& words, int number) {
    const auto index = static_cast<std::size_t>(number);
    return std::string(number >= 0 && index < words.size() ? words[index] : "unknown");
}

// The order of all lists below is that of the enumerations in libvirt-domain.h.

Words reasons_of(int state) {
    switch (state) {
        case VIR_DOMAIN_RUNNING:
            return {"unknown",
                    "booted",
                    "migrated",
                    "restored",
                    "from_snapshot",
                    "unpaused",
                    "migration_cancelled",
                    "save_cancelled",
                    "wakeup",
                    "crashed",
                    "postcopy",
                    "postcopy_failed"};
        case VIR_DOMAIN_PAUSED:
            return {"unknown",
                    "user",
                    "migration",
                    "save",
                    "dump",
                    "ioerror",
                    "watchdog",
                    "from_snapshot",
                    "shutting_down",
                    "snapshot",
                    "crashed",
                    "starting_up",
                    "postcopy",
                    "postcopy_failed"};
        case VIR_DOMAIN_SHUTDOWN:
            return {"unknown", "user"};
        case VIR_DOMAIN_SHUTOFF:
            return {"unknown",
                    "shutdown",
                    "destroyed",
                    "crashed",
                    "migrated",
                    "saved",
                    "failed",
                    "from_snapshot",
                    "daemon"};
        case VIR_DOMAIN_CRASHED:
            return {"unknown", "panicked"};
        default:
            return {};
    }
}

DomainState state_of(int state) {
    switch (state) {
        case VIR_DOMAIN_RUNNING:
            return DomainState::running;
        case VIR_DOMAIN_BLOCKED:
            return DomainState::blocked;
        case VIR_DOMAIN_PAUSED:
            return DomainState::paused;
        case VIR_DOMAIN_SHUTDOWN:
            return DomainState::shutting_down;
        case VIR_DOMAIN_SHUTOFF:
            return DomainState::shut_off;
        case VIR_DOMAIN_CRASHED:
            return DomainState::crashed;
        case VIR_DOMAIN_PMSUSPENDED:
            return DomainState::pm_suspended;
        default:
            return DomainState::no_state;
    }
}

const std::vector<Group>& lifecycle() {
    static const std::vector<Group> groups{
        {"defined", {"added", "updated", "renamed", "from_snapshot"}},
        {"undefined", {"removed", "renamed"}},
        {"started", {"booted", "migrated", "restored", "from_snapshot", "wakeup"}},
        {"suspended",
         {"paused",
          "migrated",
          "ioerror",
          "watchdog",
          "restored",
          "from_snapshot",
          "api_error",
          "postcopy",
          "postcopy_failed"}},
        {"resumed", {"unpaused", "migrated", "from_snapshot", "postcopy", "postcopy_failed"}},
        {"stopped",
         {"shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from_snapshot"}},
        {"shutdown", {"finished", "guest", "host"}},
        {"pm_suspended", {"memory", "disk"}},
        {"crashed", {"panicked", "crashloaded"}},
    };
    return groups;
}

}  // namespace

DomainStatus libvirt_status(int state, int reason) {
    return {state_of(state), word(reasons_of(state), reason)};
}

DomainEvent libvirt_lifecycle_event(int event, int detail) {
    const auto& groups = lifecycle();
    const auto index = static_cast<std::size_t>(event);
    if (event < 0 || index >= groups.size()) {
        return {.domain = {}, .event = "unknown", .detail = "unknown"};
    }
    return {.domain = {},
            .event = std::string(groups[index].name),
            .detail = word(groups[index].details, detail)};
}

std::string libvirt_watchdog_action(int action) {
    return word({"none", "pause", "reset", "poweroff", "shutdown", "debug", "inject_nmi"}, action);
}

}  // namespace ordeal
