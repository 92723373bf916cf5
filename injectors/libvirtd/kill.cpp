#include "injectors/common.hpp"

namespace ordeal::injectors {
namespace {

constexpr const char* service = "libvirtd";
constexpr Duration answer_deadline = std::chrono::seconds(2);

class Kill final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        auto process = (*host)->service_process(service);
        if (!process) {
            return process.error();
        }
        remember(fault.undo, *process);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return signal_remembered(context, fault, Signal::kill);
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_gone(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const auto process = (*host)->service_process(service);
        if (process) {
            return ok();
        }
        return process.error().kind == ErrorKind::not_found ? (*host)->start_service(service)
                                                            : Status(process.error());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return Observation{Presence::unknown, host.error().text()};
        }
        const auto process = (*host)->service_process(service);
        if (!process) {
            const bool gone = process.error().kind == ErrorKind::not_found;
            return Observation{gone ? Presence::active : Presence::unknown, process.error().text()};
        }
        if (const auto alive = (*host)->hypervisor().alive(answer_deadline); !alive) {
            return Observation{Presence::unknown, alive.error().text()};
        }
        return Observation{
            Presence::absent,
            "libvirtd runs as process " + std::to_string(process->pid) + " and answers"};
    }
};

}  // namespace

std::unique_ptr<Injector> libvirtd_kill() {
    return std::make_unique<Kill>();
}

}  // namespace ordeal::injectors
