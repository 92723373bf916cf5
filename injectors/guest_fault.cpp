#include "injectors/guest_fault.hpp"

#include <algorithm>
#include <utility>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_deadline = 2s;
constexpr Duration between_looks = 300ms;
constexpr Duration between_tries = 100ms;
constexpr Duration echo_deadline = 400ms;

bool holds(const GuestFacts& facts, const std::string& order) {
    return std::ranges::find(facts.faults, order) != facts.faults.end();
}

Duration left_of(const InjectorContext& context, Duration most) {
    return std::clamp<Duration>(context.deadline - context.scheduler.now(), 1ms, most);
}

/// The guest, also in a fresh process; with its agent's link open.
Result<Guest*> guest_of(InjectorContext& context, const Fault& fault) {
    if (context.guest != nullptr) {
        return context.guest;
    }
    auto guest = context.testbed.guest(fault.target.domain);
    if (guest) {
        const auto until = context.scheduler.now() + left_of(context, look_deadline);
        if (const auto hello = (*guest)->wait_hello(until); !hello) {
            return hello.error();
        }
    }
    return guest;
}

bool is_gone(const Result<ProcessStatus>& process) {
    return !process && process.error().kind == ErrorKind::not_found;
}

class ByAgent final : public Injector {
  public:
    explicit ByAgent(GuestFault fault) : what_(fault) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        if (auto found = remember_qemu(context, fault); !found) {
            return found;
        }
        const auto facts = look_into(context, fault);
        if (!facts) {
            return facts.error();
        }
        if (holds(*facts, what_.order)) {
            return fail(ErrorKind::refused, "prepare " + fault.kind, "the guest has it already");
        }
        return what_.remember == nullptr ? ok() : what_.remember(context, *facts, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return order_guest(context,
                           fault,
                           what_.order,
                           what_.params == nullptr ? fault.params : what_.params(fault));
    }

    [[nodiscard]] Duration activation_time() const override { return what_.activation_time; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        if (what_.observe != nullptr) {
            return what_.observe(context, fault);
        }
        const auto before = look_into(context, fault);
        const auto begin = context.scheduler.now();
        context.scheduler.wait_for(before ? between_looks : 0ms, context.stop);
        const auto now = before ? look_into(context, fault) : before;
        return now ? what_.shows(fault, {*before, *now, context.scheduler.now() - begin})
                   : Result<Observation>(now.error());
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        for (;;) {
            if (is_gone(look_at_remembered(context, fault))) {
                return ok();
            }
            const auto guest = guest_of(context, fault);
            auto told = guest ? (*guest)->heal(what_.order, left_of(context, look_deadline))
                              : Status(guest.error());
            const bool may_answer_later = !told && (told.error().kind == ErrorKind::timeout ||
                                                    told.error().kind == ErrorKind::unavailable);
            if (!may_answer_later ||
                context.scheduler.now() + between_tries + look_deadline > context.deadline) {
                return told;
            }
            context.scheduler.wait_for(between_tries, {});
        }
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto process = look_at_remembered(context, fault);
        if (!process) {
            return Observation{is_gone(process) ? Presence::absent : Presence::unknown,
                               process.error().text()};
        }
        const auto facts = look_into(context, fault);
        if (!facts) {
            return Observation{Presence::unknown, facts.error().text()};
        }
        if (holds(*facts, what_.order)) {
            return Observation{Presence::active, "a helper of the agent still makes it"};
        }
        const auto left =
            what_.left == nullptr ? Result<bool>(false) : what_.left(context, fault, *facts);
        if (!left || *left) {
            return Observation{
                left ? Presence::active : Presence::unknown,
                left ? "no helper makes it, but the guest shows it" : left.error().text()};
        }
        return Observation{Presence::absent, "no helper of the agent makes it"};
    }

  private:
    GuestFault what_;
};

}  // namespace

std::unique_ptr<Injector> make_guest_fault(GuestFault fault) {
    return std::make_unique<ByAgent>(fault);
}

Result<GuestFacts> look_into(InjectorContext& context, const Fault& fault) {
    const auto guest = guest_of(context, fault);
    const auto disk = fault.params.get<std::string>("disk", "data");
    return guest ? (*guest)->look(disk, left_of(context, look_deadline)) : guest.error();
}

Status order_guest(InjectorContext& context,
                   const Fault& fault,
                   const std::string& order,
                   const Fields& params) {
    if (context.guest == nullptr) {
        return fail(ErrorKind::unavailable,
                    "order " + order + " in " + fault.target.domain,
                    "the guest's doors are closed");
    }
    return context.guest->inject(order, params, context.deadline - context.scheduler.now());
}

Result<Observation> observe_cut_network(InjectorContext& context, const Fault& fault) {
    const auto life = watch_life(context, fault, silence_span);
    if (!life) {
        return life.error();
    }
    if (life->beats == 0) {
        return Observation{Presence::unknown, "the guest is silent on its agent's link, too"};
    }
    if (context.guest->ping(echo_deadline)) {
        return Observation{Presence::absent, "an echo comes from the guest"};
    }
    return Observation{Presence::active,
                       "no echo comes from the guest, whose agent beats on its own link"};
}

Result<Observation> observe_silent_agent(InjectorContext& context, const Fault& fault) {
    const auto life = watch_life(context, fault, silence_span);
    if (!life) {
        return life.error();
    }
    if (life->beats > 0) {
        return Observation{Presence::absent, "the agent beats"};
    }
    return Observation{
        life->echo ? Presence::active : Presence::unknown,
        life->echo ? "no heartbeat, but the guest answers an echo" : "neither heartbeat nor echo"};
}

Result<ClockOffset> clock_offset(InjectorContext& context, const Fault& fault) {
    const auto guest = guest_of(context, fault);
    if (!guest) {
        return guest.error();
    }
    const auto read = (*guest)->read_clock(left_of(context, look_deadline));
    if (!read) {
        return read.error();
    }
    const auto here =
        std::chrono::duration_cast<Duration>(context.scheduler.wall().time_since_epoch());
    return ClockOffset{.ahead = read->guest_realtime + read->round_trip / 2 - here,
                       .round_trip = read->round_trip};
}

}  // namespace ordeal::injectors
