#pragma once

#include "core/testbed.hpp"

#include <string>
#include <vector>

namespace ordeal {

/// The host that a domain is on, whichever that is at the moment: domains are migrated, and started
/// elsewhere. Each call asks the testbed anew. Thread-safe.
class FollowingHost final : public Host {
  public:
    /// `last` answers when the testbed knows the domain no more. All must outlive this.
    FollowingHost(Testbed& testbed, std::string domain, Host& last)
        : testbed_(testbed), domain_(std::move(domain)), last_(last) {}

    [[nodiscard]] const std::string& name() const override { return now().name(); }

    Hypervisor& hypervisor() override { return now().hypervisor(); }

    Result<ProcessRef> qemu_process(const std::string& domain) override {
        return now().qemu_process(domain);
    }

    Result<std::string> run_state(const std::string& domain, Duration deadline) override {
        return now().run_state(domain, deadline);
    }

    Result<std::vector<DiskQueue>> disk_queues(const std::string& domain,
                                               Duration deadline) override {
        return now().disk_queues(domain, deadline);
    }

    Result<std::vector<Duration>> vcpu_times(const ProcessRef& qemu) override {
        return now().vcpu_times(qemu);
    }

    Result<ProcessRef> service_process(const std::string& service) override {
        return now().service_process(service);
    }

    Status start_service(const std::string& service) override {
        return now().start_service(service);
    }

    Result<ProcessStatus> process_status(const ProcessRef& process) override {
        return now().process_status(process);
    }

    Status signal(const ProcessRef& process, Signal signal) override {
        return now().signal(process, signal);
    }

    Status confine(const ProcessRef& process, const Confinement& confinement) override {
        return now().confine(process, confinement);
    }

    Result<Confined> confined(const ProcessRef& process) override {
        return now().confined(process);
    }

    Status release(const ProcessRef& process) override { return now().release(process); }

    Result<Power*> power() override { return now().power(); }

    Result<std::string> boot_id(Duration deadline) override { return now().boot_id(deadline); }

    Result<HostOutput> run(const std::vector<std::string>& argv, Duration deadline) override {
        return now().run(argv, deadline);
    }

    Status sysrq(char letter, Duration deadline) override { return now().sysrq(letter, deadline); }

    Status start_program(const std::string& name,
                         const std::vector<std::string>& argv,
                         Duration deadline) override {
        return now().start_program(name, argv, deadline);
    }

    Result<ProgramStatus> program(const std::string& name) override { return now().program(name); }

    Status end_program(const std::string& name) override { return now().end_program(name); }

  private:
    [[nodiscard]] Host& now() const {
        const auto found = testbed_.host_of(domain_);
        return found ? **found : last_;
    }

    Testbed& testbed_;
    const std::string domain_;
    Host& last_;
};

}  // namespace ordeal
