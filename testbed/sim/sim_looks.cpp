#include "testbed/sim/sim_guest.hpp"
#include "testbed/sim/sim_host.hpp"

#include <algorithm>

/// What only observers ask.
namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration guest_agent_latency = 5ms;
constexpr Duration monitor_answer = 1ms;
constexpr Duration connect_latency = 1ms;
constexpr Duration answer_latency = 2ms;

}  // namespace

Status SimHypervisor::ping_guest_agent(const std::string& domain, Duration deadline) {
    const auto tried = "ping the guest agent of " + domain;
    if (auto asked = ask(tried, guest_agent_latency, deadline); !asked) {
        return asked;
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end() || !found->second->qemu()) {
        return fail(ErrorKind::refused, tried, "the domain does not run");
    }
    if (!found->second->guest_lives()) {
        world_.scheduler().wait_for(deadline - guest_agent_latency, {});
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }
    return ok();
}

Result<std::shared_ptr<SimDomain>> SimHost::ask_qemu(const std::string& domain, Duration deadline) {
    const auto tried = "ask the QEMU of " + domain;
    if (auto looked = look(tried); !looked) {
        return looked.error();
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end() || !found->second->qemu()) {
        return fail(ErrorKind::not_found, tried, "there is none");
    }
    const auto target = found->second;
    world_.scheduler().wait_for(target->frozen() ? deadline : monitor_answer, {});
    return target->frozen() ? fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline))
                            : Result<std::shared_ptr<SimDomain>>(target);
}

Result<std::string> SimHost::run_state(const std::string& domain, Duration deadline) {
    const auto qemu = ask_qemu(domain, deadline);
    return qemu ? (*qemu)->run_state() : Result<std::string>(qemu.error());
}

Result<std::vector<DiskQueue>> SimHost::disk_queues(const std::string& domain, Duration deadline) {
    const auto qemu = ask_qemu(domain, deadline);
    return qemu ? std::vector{(*qemu)->queue()} : Result<std::vector<DiskQueue>>(qemu.error());
}

Result<std::vector<Duration>> SimHost::vcpu_times(const ProcessRef& qemu) {
    const auto tried = "look at process " + std::to_string(qemu.pid);
    if (auto looked = look(tried); !looked) {
        return looked.error();
    }
    for (const auto& [name, domain] : machine_.domains) {
        if (domain->qemu() && domain->qemu()->pid == qemu.pid) {
            return std::vector{domain->vcpu_time()};
        }
    }
    return fail(ErrorKind::not_found, tried, "it is gone");
}

Result<Duration> SimGuest::connect(std::uint16_t /*port*/, Duration deadline) {
    const auto tried = "connect to " + domain_->name();
    const bool answers = domain_->network_answers() && deadline >= connect_latency;
    world_.scheduler().wait_for(answers ? connect_latency : deadline, {});
    if (!answers) {
        return fail(ErrorKind::timeout, tried, "no answer");
    }
    return domain_->serves() ? Result<Duration>(connect_latency)
                             : fail(ErrorKind::refused, tried, "Connection refused");
}

Result<std::string> SimGuest::ask(std::uint16_t port,
                                  const std::string& question,
                                  Duration deadline) {
    if (auto connected = connect(port, deadline); !connected) {
        return connected.error();
    }
    const auto left = deadline - connect_latency;
    if (domain_->service_hangs()) {
        world_.scheduler().wait_for(left, {});
        return fail(ErrorKind::timeout, "ask " + domain_->name(), "no answer");
    }
    world_.scheduler().wait_for(std::min(answer_latency, left), {});
    if (!domain_->answer().empty()) {
        return domain_->answer();
    }
    return question.starts_with("GET ") ? "HTTP/1.0 200 OK" : "SSH-2.0-simulated";
}

}  // namespace ordeal
