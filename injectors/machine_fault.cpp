#include "injectors/machine_fault.hpp"

#include <algorithm>
#include <mutex>
#include <string>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

/// Ten beats at the default rate.
constexpr Duration beat_deadline = 1s;
/// One look for a new boot; the runner looks again.
constexpr Duration boot_look = 10s;

class EndOfQemu final : public Injector {
  public:
    EndOfQemu(Deed deed, Duration activation_time)
        : deed_(deed), activation_time_(activation_time) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_qemu(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return deed_(context, fault);
    }

    [[nodiscard]] Duration activation_time() const override { return activation_time_; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_gone(context, fault);
    }

    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }

  private:
    Deed deed_;
    Duration activation_time_;
};

/// Waits for a beat whose boot id `wanted` accepts; empty when none came in time.
template <class Wanted>
Result<std::string> boot_id_heard(InjectorContext& context, Duration patience, Wanted wanted) {
    if (context.guest == nullptr) {
        return fail(ErrorKind::unavailable, "hear the guest's agent", "the doors are closed");
    }
    std::mutex mutex;
    std::string heard;
    const auto subscription = context.guest->on_beat([&](const Beat& beat) {
        if (wanted(beat.boot_id)) {
            const std::lock_guard lock(mutex);
            heard = beat.boot_id;
        }
        context.scheduler.notify();
    });
    const auto any = [&] {
        const std::lock_guard lock(mutex);
        return !heard.empty();
    };
    const auto end = std::min(context.deadline, context.scheduler.now() + patience);
    context.scheduler.wait_until(end, context.stop, any);
    const std::lock_guard lock(mutex);
    return heard;
}

class Reset final : public Injector {
  public:
    explicit Reset(DomainOrder order) : order_(order) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto now = boot_id_heard(context, beat_deadline, [](const auto&) { return true; });
        if (!now || now->empty()) {
            return now ? Status(fail(ErrorKind::unavailable,
                                     "learn the boot id of " + fault.target.domain,
                                     "its agent does not beat"))
                       : Status(now.error());
        }
        fault.undo.set("boot_id", *now);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return give(context, fault, order_);
    }

    /// The guest has to boot.
    [[nodiscard]] Duration activation_time() const override { return 60s; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto before = fault.undo.get<std::string>("boot_id");
        const auto other =
            boot_id_heard(context, boot_look, [&](const auto& id) { return id != before; });
        if (!other) {
            return other.error();
        }
        if (const auto status = look_at_remembered(context, fault); !status) {
            return status.error().kind == ErrorKind::not_found
                       ? Observation{Presence::absent, "QEMU is gone"}
                       : Result<Observation>(status.error());
        }
        return Observation{other->empty() ? Presence::absent : Presence::active,
                           other->empty() ? "no beat of another boot came"
                                          : "the agent beats with boot id " + *other +
                                                " in the same QEMU; it was " + before};
    }

    Status heal(InjectorContext& /*context*/, const Fault& /*fault*/) override { return ok(); }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_death(context, fault);
    }

  private:
    DomainOrder order_;
};

class Restrain final : public Injector {
  public:
    explicit Restrain(Restraint restraint) : restraint_(restraint) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto confined = look(context, fault);
        if (confined) {
            return fail(ErrorKind::refused,
                        "prepare " + fault.kind + " of " + fault.target.domain,
                        "its process has a control group of ordeal's already",
                        "ordeal rollback");
        }
        return confined.error().kind == ErrorKind::not_found ? ok() : Status(confined.error());
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        const auto process = remembered(fault);
        if (!host || !process) {
            return host ? Status(process.error()) : Status(host.error());
        }
        return (*host)->confine(*process, restraint_.make(fault));
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto confined = look(context, fault);
        if (!confined && confined.error().kind == ErrorKind::not_found) {
            return Observation{Presence::absent, "the process has no control group of its own"};
        }
        return confined ? restraint_.acts(context, fault) : confined.error();
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        const auto process = remembered(fault);
        if (!host || !process) {
            return host ? Status(process.error()) : Status(host.error());
        }
        return (*host)->release(*process);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto confined = look(context, fault);
        if (confined) {
            return Observation{Presence::active, "the process is still in its control group"};
        }
        const bool none = confined.error().kind == ErrorKind::not_found;
        return Observation{none ? Presence::absent : Presence::unknown, confined.error().text()};
    }

  private:
    static Result<Confined> look(InjectorContext& context, const Fault& fault) {
        auto host = host_of(context, fault);
        const auto process = remembered(fault);
        if (!host || !process) {
            return host ? process.error() : host.error();
        }
        return (*host)->confined(*process);
    }

    Restraint restraint_;
};

}  // namespace

Result<DomainOrders*> orders_for(InjectorContext& context, const Fault& fault) {
    auto host = host_of(context, fault);
    return host ? (*host)->hypervisor().orders(fault.target.domain) : host.error();
}

Status give(InjectorContext& context, const Fault& fault, DomainOrder order) {
    const auto orders = orders_for(context, fault);
    return orders ? (*orders)->order(fault.target.domain, order) : Status(orders.error());
}

std::unique_ptr<Injector> make_end_of_qemu(Deed deed, Duration activation_time) {
    return std::make_unique<EndOfQemu>(deed, activation_time);
}

std::unique_ptr<Injector> make_reset(DomainOrder order) {
    return std::make_unique<Reset>(order);
}

std::unique_ptr<Injector> make_restraint(Restraint restraint) {
    return std::make_unique<Restrain>(restraint);
}

Result<Observation> observe_standstill(InjectorContext& context, const Fault& fault) {
    const auto life = watch_life(context, fault, silence_span);
    if (!life) {
        return life.error();
    }
    if (life->beats > 0 || life->echo) {
        return Observation{Presence::absent,
                           life->echo ? "the guest answers an echo" : "the agent beats"};
    }
    if (life->state == 'T') {
        return Observation{Presence::absent, "QEMU is stopped by a signal"};
    }
    if (life->cpu_time > silence_span / 10) {
        return Observation{
            Presence::unknown,
            "the guest is silent, but QEMU used " + to_text(life->cpu_time) + " of CPU time"};
    }
    return Observation{Presence::active,
                       "QEMU is there and used " + to_text(life->cpu_time) + " of CPU time in " +
                           to_text(silence_span) + "; no heartbeat, no echo"};
}

bool is_gone(InjectorContext& context, const Fault& fault) {
    const auto status = look_at_remembered(context, fault);
    return !status && status.error().kind == ErrorKind::not_found;
}

}  // namespace ordeal::injectors
