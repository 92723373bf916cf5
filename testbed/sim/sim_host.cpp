#include "testbed/sim/sim_host.hpp"

#include "testbed/sim/sim_migration.hpp"

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_latency = 1ms;
constexpr Duration order_latency = 20ms;
constexpr Duration call_deadline = 5s;
constexpr Duration polite_end = 10s;
constexpr Duration service_start = 300ms;
constexpr Duration login_latency = 50ms;

constexpr std::uint64_t file_system_size = std::uint64_t{1} << 30U;
constexpr std::uint64_t block_size = 4096;

}  // namespace

Status SimHypervisor::ask(const std::string& tried, Duration latency, Duration deadline) {
    const auto service = machine_.service("libvirtd");
    if (!service) {
        return fail(ErrorKind::unavailable, tried, "libvirtd on " + machine_.name() + " is down");
    }
    const bool hangs = world_.mishaps().libvirt_hangs ||
                       !world_.connected(Plane::management, "", machine_.name()) ||
                       machine_.processes().stopped(*service);
    if (hangs || latency > deadline) {
        world_.scheduler().wait_for(deadline, {});
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }
    world_.scheduler().wait_for(latency, {});
    if (!machine_.processes().has(*service)) {
        return fail(ErrorKind::unavailable, tried, "libvirtd on " + machine_.name() + " ended");
    }
    return ok();
}

Result<DomainStatus> SimHypervisor::state(const std::string& domain) {
    if (auto asked = ask("read the state of " + domain, look_latency, call_deadline); !asked) {
        return asked.error();
    }
    const auto found = machine_.domains.find(domain);
    return found == machine_.domains.end()
               ? DomainStatus{.state = DomainState::not_defined, .reason = "unknown"}
               : found->second->known();
}

/// The domain, or nullptr when the mishap is that nothing happens.
Result<std::shared_ptr<SimDomain>> SimHypervisor::order(const std::string& verb,
                                                        const std::string& domain,
                                                        Monitor monitor) {
    const auto tried = verb + " " + domain;
    if (auto asked = ask(tried, order_latency, call_deadline); !asked) {
        return asked.error();
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end()) {
        return fail(ErrorKind::not_found, tried, "it is not defined");
    }
    if (world_.mishaps().libvirt == Deed::fails) {
        return fail(ErrorKind::refused, tried, "libvirt refused");
    }
    if (world_.mishaps().libvirt == Deed::does_nothing) {
        return std::shared_ptr<SimDomain>();
    }
    if (monitor == Monitor::needed && !found->second->qemu()) {
        return fail(ErrorKind::refused, tried, "the domain does not run");
    }
    if (monitor == Monitor::needed && found->second->frozen()) {
        world_.scheduler().wait_for(call_deadline, {});
        return fail(ErrorKind::timeout, tried, "QEMU's monitor does not answer");
    }
    return found->second;
}

Status SimHypervisor::start(const std::string& domain) {
    auto target = order("start", domain, Monitor::not_needed);
    if (!target) {
        return target.error();
    }
    if (*target != nullptr) {
        if ((*target)->qemu()) {
            return fail(ErrorKind::refused, "start " + domain, "it runs already");
        }
        (*target)->power_on();
    }
    return ok();
}

Status SimHypervisor::destroy(const std::string& domain) {
    auto target = order("destroy", domain, Monitor::not_needed);
    if (!target) {
        return target.error();
    }
    if (*target != nullptr) {
        if (!(*target)->qemu()) {
            return fail(ErrorKind::refused, "destroy " + domain, "it does not run");
        }
        if ((*target)->frozen()) {
            world_.scheduler().wait_for(polite_end, {});
        }
        (*target)->destroy();
    }
    return ok();
}

Status SimHypervisor::suspend(const std::string& domain) {
    auto target = order("suspend", domain, Monitor::needed);
    if (!target) {
        return target.error();
    }
    if (*target != nullptr) {
        (*target)->pause();
    }
    return ok();
}

Status SimHypervisor::resume(const std::string& domain) {
    auto target = order("resume", domain, Monitor::needed);
    if (!target) {
        return target.error();
    }
    if (*target != nullptr) {
        (*target)->resume();
    }
    return ok();
}

Status SimHypervisor::remove(const std::string& domain) {
    if (auto asked = ask("remove " + domain, order_latency, call_deadline); !asked) {
        return asked;
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end()) {
        return fail(ErrorKind::not_found, "remove " + domain, "it is not defined");
    }
    const auto target = found->second;
    target->destroy();
    machine_.domains.erase(domain);
    return ok();
}

Result<std::vector<std::string>> SimHypervisor::domains() {
    if (auto asked = ask("list domains", look_latency, call_deadline); !asked) {
        return asked.error();
    }
    std::vector<std::string> names;
    for (const auto& [name, domain] : machine_.domains) {
        names.push_back(name);
    }
    return names;
}

Status SimHypervisor::migrate(const std::string& domain,
                              const Migration& migration,
                              Duration deadline) {
    const auto& host = migration.host;
    auto target = order("migrate", domain, Monitor::needed);
    auto* other = world_.machine(host);
    if (!target || *target == nullptr) {
        return target ? ok() : Status(target.error());
    }
    const auto tried = "migrate " + domain + " to " + host;
    if (other == nullptr || !other->up() || !world_.connected(Plane::migration, "", host)) {
        return fail(ErrorKind::unavailable, tried, "no way to the other host");
    }
    return SimMigration::run(world_, machine_, *other, *target, migration, deadline);
}

Status SimHypervisor::inject_nmi(const std::string& domain) {
    auto target = order("give an NMI to", domain, Monitor::needed);
    if (target && *target != nullptr) {
        (*target)->nmi();
    }
    return target ? ok() : Status(target.error());
}

Status SimHypervisor::set_link(const std::string& domain, LinkState state) {
    auto target = order("set the link of", domain, Monitor::needed);
    if (!target) {
        return target.error();
    }
    if (*target != nullptr) {
        (*target)->set_link(state);
    }
    return ok();
}

Result<LinkState> SimHypervisor::link(const std::string& domain) {
    const auto tried = "read the link of " + domain;
    if (auto asked = ask(tried, look_latency, call_deadline); !asked) {
        return asked.error();
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end()) {
        return fail(ErrorKind::not_found, tried, "it is not defined");
    }
    return found->second->link();
}

Status SimHypervisor::alive(Duration deadline) {
    return ask("reach libvirtd on " + machine_.name(), look_latency, deadline);
}

Result<Subscription> SimHypervisor::subscribe(const std::string& domain,
                                              std::function<void(const DomainEvent&)> callback) {
    if (auto asked = ask("subscribe to " + domain, look_latency, call_deadline); !asked) {
        return asked.error();
    }
    const auto found = machine_.domains.find(domain);
    if (found == machine_.domains.end()) {
        return fail(ErrorKind::not_found, "subscribe to " + domain, "it is not defined");
    }
    return found->second->on_event.add(std::move(callback));
}

Status SimHost::look(const std::string& tried) const {
    if (world_.mishaps().blind) {
        return fail(ErrorKind::unavailable, tried, "the process table cannot be read");
    }
    return ok();
}

Result<ProcessRef> SimHost::qemu_process(const std::string& domain) {
    const auto tried = "find the QEMU process of " + domain;
    if (auto looked = look(tried); !looked) {
        return looked.error();
    }
    const auto found = machine_.domains.find(domain);
    const auto process = found == machine_.domains.end() ? std::nullopt : found->second->qemu();
    const auto arriving = machine_.incoming.find(domain);
    if (!process && arriving != machine_.incoming.end()) {
        return arriving->second;
    }
    if (!process) {
        return fail(ErrorKind::not_found, tried, "there is none");
    }
    return *process;
}

Result<ProcessRef> SimHost::service_process(const std::string& service) {
    if (auto looked = look("find service " + service); !looked) {
        return looked.error();
    }
    return machine_.service(service);
}

Status SimHost::start_service(const std::string& service) {
    world_.scheduler().wait_for(service_start, {});
    if (world_.mishaps().services == Deed::fails) {
        return fail(ErrorKind::refused, "start service " + service, "it ended at once");
    }
    if (world_.mishaps().services == Deed::works) {
        machine_.launch_service(service);
    }
    return ok();
}

Result<ProcessStatus> SimHost::process_status(const ProcessRef& process) {
    if (auto looked = look("look at process " + std::to_string(process.pid)); !looked) {
        return looked.error();
    }
    return machine_.processes().status(process);
}

Status SimHost::signal(const ProcessRef& process, Signal signal) {
    const auto tried = "signal process " + std::to_string(process.pid);
    if (!machine_.processes().has(process)) {
        return fail(ErrorKind::not_found, tried, "there is no such process");
    }
    if (world_.mishaps().signals == Deed::fails) {
        return fail(ErrorKind::refused, tried, "not permitted");
    }
    if (world_.mishaps().signals == Deed::works) {
        machine_.processes().signal(process, signal);
    }
    return ok();
}

Status SimHost::log_in(const std::string& tried, Duration deadline) {
    const bool reachable = machine_.up() && world_.connected(Plane::management, "", name());
    if (!reachable || deadline < login_latency) {
        world_.scheduler().wait_for(deadline, {});
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }
    world_.scheduler().wait_for(login_latency, {});
    if (world_.mishaps().blind || !machine_.service("sshd")) {
        return fail(ErrorKind::unavailable, tried, "Connection refused");
    }
    return ok();
}

Result<std::string> SimHost::boot_id(Duration deadline) {
    if (auto in = log_in("read the boot id of " + name(), deadline); !in) {
        return in.error();
    }
    return machine_.boot_id();
}

std::optional<HostOutput> SimHost::look_at_files(const std::vector<std::string>& argv) {
    const auto& files = machine_.files;
    if (argv.front() == "test") {
        return HostOutput{.exit_code = files.contains(argv.back()) ? 0 : 1};
    }
    if (argv.front() == "stat") {
        std::uint64_t used = 0;
        for (const auto& [file, size] : files) {
            used += size;
        }
        const auto blocks = (file_system_size - std::min(used, file_system_size)) / block_size;
        return HostOutput{.out = std::to_string(block_size) + " " + std::to_string(blocks) + "\n"};
    }
    return {};
}

Result<HostOutput> SimHost::run(const std::vector<std::string>& argv, Duration deadline) {
    const auto tried = "run " + argv.front() + " on " + name();
    if (auto in = log_in(tried, deadline); !in) {
        return in.error();
    }
    if (auto seen = look_at_files(argv)) {
        return *seen;
    }
    if (world_.mishaps().commands != Deed::works) {
        const bool nothing = world_.mishaps().commands == Deed::does_nothing;
        return nothing ? Result<HostOutput>(HostOutput{})
                       : fail(ErrorKind::refused, tried, "the host refused");
    }
    if (argv.front() == "fallocate") {
        machine_.files[argv.back()] = std::stoull(argv.at(2));
        return HostOutput{};
    }
    if (argv.front() == "mkdir") {
        machine_.files[argv.back()] = 0;
        return HostOutput{};
    }
    if (argv.front() == "rm") {
        machine_.files.erase(argv.back());
        return HostOutput{};
    }
    const bool known = argv.front() == "true" || argv.front() == "stress-ng";
    return known ? HostOutput{} : HostOutput{.exit_code = 127, .err = argv.front() + ": not found"};
}

Status SimHost::sysrq(char letter, Duration deadline) {
    const auto tried = std::string("sysrq ") + letter + " on " + name();
    if (auto in = log_in(tried, deadline); !in) {
        return in;
    }
    if (world_.mishaps().commands != Deed::works) {
        return world_.mishaps().commands == Deed::does_nothing
                   ? ok()
                   : Status(fail(ErrorKind::refused, tried, "the host refused"));
    }
    if (letter == 'b') {
        machine_.power_off();
        machine_.power_on();
    } else if (letter == 'c') {
        machine_.panic();
    }
    return ok();
}

}  // namespace ordeal
