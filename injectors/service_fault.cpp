#include "injectors/service_fault.hpp"

#include "injectors/common.hpp"

#include <string>

namespace ordeal::injectors {
namespace {

constexpr Duration answer_deadline = std::chrono::seconds(2);

class OfService final : public Injector {
  public:
    explicit OfService(ServiceFault fault) : what_(fault) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        auto process = (*host)->service_process(what_.service);
        if (!process) {
            return process.error();
        }
        remember(fault.undo, *process);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return signal_remembered(context, fault, what_.signal);
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        if (what_.signal != Signal::stop) {
            return observe_gone(context, fault);
        }
        const auto status = look_at_remembered(context, fault);
        if (!status) {
            return status.error();
        }
        return Observation{status->state == 'T' ? Presence::active : Presence::absent,
                           std::string(what_.service) + " is in state " + status->state};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const auto process = (*host)->service_process(what_.service);
        if (!process) {
            const auto started = process.error().kind == ErrorKind::not_found
                                     ? (*host)->start_service(what_.service)
                                     : Status(process.error());
            return started ? register_locks(context, **host, fault) : started;
        }
        const auto status = (*host)->process_status(*process);
        return status && status->state == 'T' ? (*host)->signal(*process, Signal::cont)
                                              : register_locks(context, **host, fault);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return Observation{Presence::unknown, host.error().text()};
        }
        const auto process = (*host)->service_process(what_.service);
        const auto status = process ? (*host)->process_status(*process) : process.error();
        if (!status) {
            const bool gone = status.error().kind == ErrorKind::not_found;
            return Observation{gone ? Presence::active : Presence::unknown, status.error().text()};
        }
        const auto words = what_.service + std::string(" runs as process ") +
                           std::to_string(process->pid) + ", state " + status->state;
        if (status->state == 'T') {
            return Observation{Presence::active, words};
        }
        if (what_.service == std::string("libvirtd")) {
            if (const auto alive = (*host)->hypervisor().alive(answer_deadline); !alive) {
                return Observation{Presence::unknown, alive.error().text()};
            }
            return Observation{Presence::absent, words + ", and answers"};
        }
        if (is_unregistered(**host, fault)) {
            return Observation{Presence::active, words + ", and libvirtd is older than that"};
        }
        return Observation{Presence::absent, words};
    }

  private:
    /// A virtlockd that was killed has forgotten where libvirtd keeps its locks, and libvirtd tells
    /// it at its own start only: until then no domain can be started.
    bool is_unregistered(Host& host, const Fault& fault) const {
        if (what_.service != std::string("virtlockd") || what_.signal == Signal::stop) {
            return false;
        }
        const auto locks = host.service_process("virtlockd");
        const auto libvirtd = host.service_process("libvirtd");
        const auto before = remembered(fault);
        return locks && libvirtd && before && locks->pid != before->pid &&
               libvirtd->start_ticks < locks->start_ticks;
    }

    Status register_locks(InjectorContext& context, Host& host, const Fault& fault) const {
        if (!is_unregistered(host, fault)) {
            return ok();
        }
        const auto libvirtd = host.service_process("libvirtd");
        if (auto asked = host.signal(*libvirtd, Signal::term); !asked) {
            return asked;
        }
        while (host.process_status(*libvirtd) && context.scheduler.now() < context.deadline) {
            context.scheduler.wait_for(std::chrono::milliseconds(10), never_stopped);
        }
        return host.start_service("libvirtd");
    }

    ServiceFault what_;
};

}  // namespace

std::unique_ptr<Injector> make_service_fault(ServiceFault fault) {
    return std::make_unique<OfService>(fault);
}

}  // namespace ordeal::injectors
