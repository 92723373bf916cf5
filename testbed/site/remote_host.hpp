#pragma once

#include "core/testbed.hpp"
#include "testbed/power.hpp"
#include "testbed/site/remote_shell.hpp"
#include "testbed/site/site_file.hpp"
#include "testbed/site/target_hypervisor.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ordeal {

/// A host of a site: libvirt by its URI, processes and commands by ssh, power by IPMI. Hurts
/// nothing but what the testbed file permits: targets, and the host itself where it is one.
/// Thread-safe. Opens whether or not the host answers.
class RemoteHost final : public Host {
  public:
    /// `site` must outlive it. `before_start` as in LibvirtOptions.
    [[nodiscard]] static Result<std::unique_ptr<RemoteHost>> open(
        const Site& site,
        const SiteHost& host,
        std::function<Status(const std::string& domain)> before_start = {});

    [[nodiscard]] const std::string& name() const override { return host_.name; }

    Hypervisor& hypervisor() override { return hypervisor_; }

    Result<ProcessRef> qemu_process(const std::string& domain) override;
    Result<ProcessRef> service_process(const std::string& service) override;
    Status start_service(const std::string& service) override;
    Result<ProcessStatus> process_status(const ProcessRef& process) override;
    Status signal(const ProcessRef& process, Signal signal) override;
    Result<Power*> power() override;
    Result<std::string> boot_id(Duration deadline) override;
    Result<HostOutput> run(const std::vector<std::string>& argv, Duration deadline) override;
    Status sysrq(char letter, Duration deadline) override;
    Status start_program(const std::string& name,
                         const std::vector<std::string>& argv,
                         Duration deadline) override;
    Result<ProgramStatus> program(const std::string& name) override;
    Status end_program(const std::string& name) override;

    /// Errors: missing (it has no ssh door).
    [[nodiscard]] Result<RemoteShell*> shell();

    [[nodiscard]] TargetHypervisor& targets() { return hypervisor_; }

  private:
    RemoteHost(const Site& site, const SiteHost& host, std::unique_ptr<Libvirt> libvirt);

    [[nodiscard]] Result<std::string> script(const std::string& tried,
                                             const std::string& text,
                                             std::vector<std::string> arguments,
                                             Duration deadline = std::chrono::seconds(5));
    [[nodiscard]] Status permitted(const std::string& tried) const;
    /// Patterns of processes that may be signalled: "guest=<domain>", "comm=<name>", "session=<n>".
    [[nodiscard]] std::vector<std::string> fair_game() const;

    const Site& site_;
    const SiteHost& host_;
    TargetHypervisor hypervisor_;
    std::optional<RemoteShell> shell_;
    std::optional<IpmiPower> power_;
};

}  // namespace ordeal
