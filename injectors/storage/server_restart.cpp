#include "injectors/common.hpp"
#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

constexpr Duration death = std::chrono::seconds(2);

class Restart final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_server(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        if (auto killed = signal_remembered(context, fault, Signal::kill); !killed) {
            return killed;
        }
        const auto limit = context.scheduler.now() + death;
        while (context.scheduler.now() < limit) {
            const auto status = look_at_remembered(context, fault);
            if (!status && status.error().kind == ErrorKind::not_found) {
                break;
            }
            context.scheduler.wait_for(std::chrono::milliseconds(1), context.stop);
        }
        return context.testbed.storage().start_server(disk_of(fault));
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto before = remembered(fault);
        const auto now = context.testbed.storage().server(disk_of(fault));
        if (!before || !now) {
            return before ? now.error() : before.error();
        }
        if (!*now) {
            return Observation{Presence::unknown, "no process serves the disk"};
        }
        const bool other = (*now)->pid != before->pid || (*now)->start_ticks != before->start_ticks;
        return Observation{other ? Presence::active : Presence::absent,
                           "process " + std::to_string((*now)->pid) + " serves the disk, it was " +
                               std::to_string(before->pid)};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        return bring_server_back(context, fault);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_server(context, fault);
    }
};

}  // namespace

std::unique_ptr<Injector> storage_server_restart() {
    return std::make_unique<Restart>();
}

}  // namespace ordeal::injectors
