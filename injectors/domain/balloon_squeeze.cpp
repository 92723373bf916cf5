#include "injectors/machine_fault.hpp"

#include <algorithm>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_memory_looks = 20ms;
constexpr Duration return_time = 5s;

class BalloonSqueeze final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto now = memory(context, fault);
        if (!now) {
            return now.error();
        }
        if (now->count <= leave(fault).count) {
            return fail(ErrorKind::refused,
                        "prepare to squeeze " + fault.target.domain,
                        "it has " + to_text(*now) + " and shall keep " + to_text(leave(fault)));
        }
        fault.undo.set("memory", *now);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return set_memory(context, fault, leave(fault));
    }

    [[nodiscard]] Duration activation_time() const override { return 20s; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto now = memory(context, fault);
        if (!now) {
            return now.error();
        }
        return Observation{now->count <= leave(fault).count ? Presence::active : Presence::absent,
                           "the guest's balloon driver says that it has " + to_text(*now)};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        if (is_gone(context, fault)) {
            return ok();  // the next one starts with all of its memory
        }
        auto seen = residue(context, fault);
        if (seen && seen->presence == Presence::absent) {
            return ok();
        }
        const auto before = fault.undo.get<Bytes>("memory");
        if (auto asked = set_memory(context, fault, before); !asked) {
            return asked;
        }
        const auto end = std::min(context.deadline, context.scheduler.now() + return_time);
        while (context.scheduler.now() + between_memory_looks < end) {
            seen = residue(context, fault);
            if (seen && seen->presence == Presence::absent) {
                return ok();
            }
            context.scheduler.wait_for(between_memory_looks, {});
        }
        return fail(ErrorKind::timeout,
                    "give " + fault.target.domain + " its memory back",
                    seen ? seen->evidence : seen.error().text());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        if (is_gone(context, fault)) {
            return Observation{Presence::absent, "QEMU is gone"};
        }
        const auto now = memory(context, fault);
        if (!now) {
            return Observation{Presence::unknown, now.error().text()};
        }
        const bool less = now->count < fault.undo.get<Bytes>("memory").count;
        return Observation{less ? Presence::active : Presence::absent,
                           "the guest's balloon driver says that it has " + to_text(*now)};
    }

  private:
    static Bytes leave(const Fault& fault) { return fault.params.get<Bytes>("leave"); }

    static Result<Bytes> memory(InjectorContext& context, const Fault& fault) {
        const auto orders = orders_for(context, fault);
        return orders ? (*orders)->memory(fault.target.domain) : orders.error();
    }

    static Status set_memory(InjectorContext& context, const Fault& fault, Bytes size) {
        const auto orders = orders_for(context, fault);
        return orders ? (*orders)->set_memory(fault.target.domain, size) : Status(orders.error());
    }
};

}  // namespace

std::unique_ptr<Injector> domain_balloon_squeeze() {
    return std::make_unique<BalloonSqueeze>();
}

}  // namespace ordeal::injectors
