#include "injectors/common.hpp"

#include <chrono>
#include <fmt/format.h>

namespace ordeal::injectors {
namespace {

constexpr Duration between_looks = std::chrono::milliseconds(20);

bool stopped(const ProcessStatus& status) {
    return status.state == 'T' || status.state == 't';
}

class Stop final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto status = look_at_remembered(context, fault);
        if (!status) {
            return status.error();
        }
        if (stopped(*status)) {
            return fail(ErrorKind::refused,
                        "prepare to stop the QEMU process of " + fault.target.domain,
                        "it is stopped already",
                        "whoever stopped it must let it go on: healing would do that unasked");
        }
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return signal_remembered(context, fault, Signal::stop);
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto first = look_at_remembered(context, fault);
        if (!first) {
            return first.error();
        }
        context.scheduler.wait_for(between_looks, context.stop);
        const auto second = look_at_remembered(context, fault);
        if (!second) {
            return second.error();
        }
        if (!stopped(*first) || !stopped(*second)) {
            return Observation{Presence::absent,
                               std::string("the process is in state ") + second->state};
        }
        if (first->cpu_time != second->cpu_time) {
            return Observation{Presence::unknown, "state T, but it still uses CPU time"};
        }
        return Observation{
            Presence::active,
            fmt::format(
                "state {} and no CPU time used in {}", second->state, to_text(between_looks))};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        auto done = signal_remembered(context, fault, Signal::cont);
        // A process that is gone needs no continuation.
        return !done && done.error().kind == ErrorKind::not_found ? ok() : done;
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto status = look_at_remembered(context, fault);
        if (status) {
            return Observation{stopped(*status) ? Presence::active : Presence::absent,
                               std::string("the process is in state ") + status->state};
        }
        if (status.error().kind == ErrorKind::not_found) {
            return Observation{Presence::absent, "the process is gone"};
        }
        return Observation{Presence::unknown, status.error().text()};
    }
};

}  // namespace

std::unique_ptr<Injector> qemu_stop() {
    return std::make_unique<Stop>();
}

}  // namespace ordeal::injectors
