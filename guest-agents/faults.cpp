#include "guest-agents/faults.hpp"

#include "core/fd.hpp"
#include "guest-agents/system_failure.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>

namespace ordeal::agent {
namespace {

Error still_running(char command) {
    return fail(
        ErrorKind::internal, std::string("trigger sysrq ") + command, "the guest is still running");
}

Status panic() {
    const auto struck = sysrq('c');
    return struck ? Status(still_running('c')) : struck;
}

Status reboot() {
    const auto struck = sysrq('b');
    return struck ? Status(still_running('b')) : struck;
}

constexpr std::array table{Fault{"panic", panic},
                           Fault{"reboot", reboot},
                           Fault{"agent_kill", nullptr},
                           Fault{"agent_stop", nullptr},
                           Fault{"clock_skew", nullptr},
                           Fault{"clock_step", nullptr},
                           Fault{"clocksource", nullptr},
                           Fault{"cpu_hog", nullptr},
                           Fault{"disk_full", nullptr},
                           Fault{"fork_bomb", nullptr},
                           Fault{"fs_freeze", nullptr},
                           Fault{"fs_readonly", nullptr},
                           Fault{"hang", nullptr},
                           Fault{"io_hog", nullptr},
                           Fault{"link_down", nullptr},
                           Fault{"memory_hog", nullptr},
                           Fault{"oom", nullptr},
                           Fault{"service_hang", nullptr},
                           Fault{"service_kill", nullptr}};

}  // namespace

Status sysrq(char command) {
    const Fd trigger(::open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
    if (!trigger || ::write(trigger.get(), &command, 1) != 1) {
        return system_failure("write to /proc/sysrq-trigger");
    }
    return ok();
}

std::span<const Fault> faults() {
    return table;
}

Result<Fault> permitted_fault(const wire::InjectFault& request,
                              const std::vector<std::string>& permitted) {
    const auto tried = "make the fault " + request.kind;
    const auto* fault = std::ranges::find(table, request.kind, &Fault::kind);
    if (fault == table.end()) {
        return fail(ErrorKind::usage, tried, "this agent has no such fault");
    }
    if (fault->strike != nullptr && !request.params.empty()) {
        return fail(ErrorKind::usage, tried, "unknown parameter " + request.params.front().first);
    }
    const auto allowed = [&](const std::string& name) {
        return name == "all" || name == fault->kind;
    };
    if (std::ranges::none_of(permitted, allowed)) {
        return fail(ErrorKind::refused, tried, "not permitted here", "start it with --permit");
    }
    return *fault;
}

}  // namespace ordeal::agent
