#include "guest-agents/faults.hpp"

#include "guest-agents/fd.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>

namespace ordeal::agent {
namespace {

Status sysrq(char command) {
    const Fd trigger(::open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
    if (!trigger || ::write(trigger.get(), &command, 1) != 1) {
        return system_failure("write to /proc/sysrq-trigger");
    }
    return fail(
        ErrorKind::internal, std::string("trigger sysrq ") + command, "the guest is still running");
}

Status panic() {
    return sysrq('c');
}

Status agent_kill() {
    ::raise(SIGKILL);
    return system_failure("kill the agent");
}

constexpr std::array table{Fault{"panic", panic}, Fault{"agent_kill", agent_kill}};

}  // namespace

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
    if (!request.params.empty()) {
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
