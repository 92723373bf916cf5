#include "testbed/lab_testbed_host.hpp"

#include "core/read_file.hpp"
#include "testbed/control_group.hpp"
#include "testbed/lab/hardware.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/procfs.hpp"
#include "testbed/qemu_monitor.hpp"

#include <fstream>
#include <tuple>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr auto service_deadline = 20s;
constexpr auto answer_deadline = 5s;
constexpr const char* groups_directory = "/run/ordeal/groups";

/// Whether the process is the QEMU of `domain`: libvirt names it in `-name guest=<domain>,…`. The
/// pid file alone does not tell: with libvirtd dead it outlives its QEMU.
bool is_qemu_of(const ProcessRef& process, const std::string& domain) {
    const std::string line = read_file("/proc/" + std::to_string(process.pid) + "/cmdline");
    const std::string argument = std::string("\0guest=", 7) + domain;
    const auto found = line.find(argument);
    const auto next = found == std::string::npos ? line.size() : found + argument.size();
    return next < line.size() && (line[next] == ',' || line[next] == '\0');
}

/// Of a host that runs no domains: every answer is the right one.
class NoHypervisor final : public Hypervisor {
  public:
    explicit NoHypervisor(std::string host) : host_(std::move(host)) {}

    Result<DomainStatus> state(const std::string& /*domain*/) override {
        return DomainStatus{DomainState::not_defined, {}};
    }

    Status start(const std::string& domain) override { return no("start " + domain); }

    Status destroy(const std::string& domain) override { return no("destroy " + domain); }

    Status suspend(const std::string& domain) override { return no("suspend " + domain); }

    Status resume(const std::string& domain) override { return no("resume " + domain); }

    Status remove(const std::string& domain) override { return no("remove " + domain); }

    Result<std::vector<std::string>> domains() override { return std::vector<std::string>{}; }

    Status migrate(const std::string& domain,
                   const Migration& /*migration*/,
                   Duration /*deadline*/) override {
        return no("migrate " + domain);
    }

    Status inject_nmi(const std::string& domain) override { return no("give an NMI to " + domain); }

    Status set_link(const std::string& domain, LinkState /*state*/) override {
        return no("set the link of " + domain);
    }

    Result<LinkState> link(const std::string& domain) override {
        return no("read the link of " + domain);
    }

    Status alive(Duration /*deadline*/) override { return ok(); }

    Result<Subscription> subscribe(const std::string& domain,
                                   std::function<void(const DomainEvent&)> /*callback*/) override {
        return no("subscribe to " + domain);
    }

  private:
    [[nodiscard]] Error no(std::string tried) const {
        return fail(ErrorKind::not_found, std::move(tried), host_ + " runs no domains");
    }

    std::string host_;
};

}  // namespace

std::filesystem::path monitor_socket(const std::string& domain) {
    return std::filesystem::path("/run/ordeal/agents") / (domain + ".qmp");
}

LabHost::LabHost(LabNode node,
                 std::unique_ptr<Hypervisor> hypervisor,
                 std::function<Status(const std::string& domain)> before_start)
    : node_(std::move(node)),
      hypervisor_(std::move(hypervisor)),
      machines_(*hypervisor_, node_, std::move(before_start)),
      power_({.host = node_.name(),
              .address = power_address(node_.number()),
              .user = power_user,
              .password = {.file = power_password_path(node_.directory().parent_path())},
              .cipher_suite = 3,  // all that ipmi_sim has, and it cannot say so
              .inside = static_cast<pid_t>(node_.rack().pid)}) {}

Result<std::unique_ptr<LabHost>> LabHost::open(
    LabNode node, std::function<Status(const std::string& domain)> before_start) {
    if (node.role() == NodeRole::storage) {
        auto none = std::make_unique<NoHypervisor>(node.name());
        return std::unique_ptr<LabHost>(new LabHost(std::move(node), std::move(none), {}));
    }
    auto libvirt = Libvirt::open({.uri = node.libvirt_network_uri(),
                                  .inside = static_cast<pid_t>(node.rack().pid),
                                  .connect_deadline = Duration::zero(),
                                  .before_start = before_start});
    if (!libvirt) {
        return libvirt.error();
    }
    // A rollback may find it dead, or out of reach, and mend that.
    if (node.service_process("libvirtd")) {
        std::ignore = (*libvirt)->alive(answer_deadline);
    }
    return std::unique_ptr<LabHost>(
        new LabHost(std::move(node), std::move(*libvirt), std::move(before_start)));
}

Result<ProcessRef> LabHost::qemu_process(const std::string& domain) {
    if (auto bare = machines_.process(domain)) {
        return bare;
    }
    const std::lock_guard lock(mutex_);
    auto& known = qemus_[domain];
    // Probes ask ten times a second: what is known and lives is not looked for again.
    if (known.alive()) {
        return known.ref();
    }
    known = {};
    const auto none = fail(ErrorKind::not_found, "find the QEMU of " + domain, "it does not run");
    pid_t inner = 0;
    std::ifstream(node_.outside("/run/libvirt/qemu") / (domain + ".pid")) >> inner;
    if (inner <= 0) {
        return none;
    }
    const auto init = node_.init();
    if (init.pid == 0) {
        return none;
    }
    const auto process = process_inside(static_cast<pid_t>(init.pid), inner);
    if (!process) {
        return process.error();
    }
    if (!is_qemu_of(process->ref, domain)) {
        return none;
    }
    auto held = ProcessHold::open(process->ref);
    if (!held) {
        return held.error();
    }
    known = std::move(*held);
    return known.ref();
}

Result<std::string> LabHost::run_state(const std::string& domain, Duration deadline) {
    return monitor_run_state(node_.outside(monitor_socket(domain)), deadline);
}

Result<std::vector<DiskQueue>> LabHost::disk_queues(const std::string& domain, Duration deadline) {
    return monitor_disk_queues(node_.outside(monitor_socket(domain)), deadline);
}

Result<std::vector<Duration>> LabHost::vcpu_times(const ProcessRef& qemu) {
    return ordeal::vcpu_times(qemu);
}

Result<ProcessRef> LabHost::service_process(const std::string& service) {
    return node_.service_process(service);
}

Status LabHost::start_service(const std::string& service) {
    auto started = node_.start_service(service, service_deadline);
    // It answers, but our connection to it may still be the old one.
    return started && service == "libvirtd" ? hypervisor_->alive(answer_deadline) : started;
}

Result<ProcessStatus> LabHost::process_status(const ProcessRef& process) {
    return ordeal::process_status(process);
}

Status LabHost::signal(const ProcessRef& process, Signal signal) {
    return send_signal(process, signal);
}

Status LabHost::confine(const ProcessRef& process, const Confinement& confinement) {
    return ordeal::confine(process, confinement, node_.outside(groups_directory));
}

Result<Confined> LabHost::confined(const ProcessRef& process) {
    return ordeal::confined(process);
}

Status LabHost::release(const ProcessRef& process) {
    return ordeal::release(process, node_.outside(groups_directory));
}

Result<std::string> LabHost::boot_id(Duration deadline) {
    const auto answer = run({"cat", "/proc/sys/kernel/random/boot_id"}, deadline);
    if (!answer) {
        return answer.error();
    }
    const auto id = answer->out.substr(0, answer->out.find('\n'));
    if (answer->exit_code != 0 || id.empty()) {
        return fail(ErrorKind::unavailable, "read the boot id of " + name(), answer->err);
    }
    return id;
}

Result<HostOutput> LabHost::run(const std::vector<std::string>& argv, Duration deadline) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    auto way = connect_inside(static_cast<pid_t>(node_.rack().pid), node_.address(), 22, deadline);
    if (!way) {
        return way.error();
    }
    auto session =
        SshSession::open(node_.ssh(), end - std::chrono::steady_clock::now(), std::move(*way));
    if (!session) {
        return session.error();
    }
    auto output = session->run(argv, {.deadline = end - std::chrono::steady_clock::now()});
    if (!output) {
        return output.error();
    }
    const auto& exit = output->exit;
    return HostOutput{.exit_code = exit.signal == 0 ? exit.code : 128 + exit.signal,
                      .out = std::move(output->out),
                      .err = std::move(output->err)};
}

Status LabHost::sysrq(char letter, Duration deadline) {
    const auto command = std::string("echo ") + letter + " > /run/ordeal/sysrq";
    const auto answer = run({"sh", "-c", command}, deadline);
    const auto tried = std::string("sysrq ") + letter + " on " + name();
    if (answer && answer->exit_code != 0) {
        return fail(ErrorKind::refused, tried, answer->err);
    }
    // The trigger is written before the node goes, but the answer may be lost with it.
    return answer || answer.error().tried.starts_with("run ")
               ? ok()
               : Status(fail(answer.error().kind, tried, answer.error().answer));
}

}  // namespace ordeal
