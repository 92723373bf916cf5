#include "testbed/sim/sim_guest.hpp"

#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration round_trip = 400us;
constexpr Duration echo = 500us;

}  // namespace

Status SimGuest::ask_agent(const std::string& tried, Duration deadline) {
    auto& scheduler = world_.scheduler();
    if (world_.mishaps().agent_silent || !domain_->agent_answers() || deadline < round_trip) {
        scheduler.wait_for(deadline, {});
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }
    scheduler.wait_for(round_trip, {});
    return ok();
}

Result<Hello> SimGuest::wait_hello(Instant deadline) {
    const auto said = [this] {
        return !world_.mishaps().agent_silent && domain_->hello().has_value();
    };
    if (world_.scheduler().wait_until(deadline, {}, said) != Woken::ready) {
        return fail(
            ErrorKind::timeout, "wait for the agent of " + domain_->name(), "it said no hello");
    }
    return *domain_->hello();
}

Status SimGuest::start_load(const LoadOrder& order, Duration deadline) {
    const auto tried = "start the load in " + domain_->name();
    if (auto asked = ask_agent(tried, deadline); !asked) {
        return asked;
    }
    if (domain_->load_runs()) {
        return fail(ErrorKind::refused, tried, "a load runs already");
    }
    domain_->start_load(order);
    return ok();
}

Status SimGuest::stop_load(Duration deadline) {
    if (auto asked = ask_agent("stop the load in " + domain_->name(), deadline); !asked) {
        return asked;
    }
    domain_->stop_load();
    return ok();
}

Result<ClockReading> SimGuest::read_clock(Duration deadline) {
    if (auto asked = ask_agent("read the clock of " + domain_->name(), deadline); !asked) {
        return asked.error();
    }
    return ClockReading{
        .guest_realtime = world_.scheduler().wall().time_since_epoch() + domain_->clock_ahead(),
        .guest_boottime = domain_->uptime(),
        .round_trip = round_trip};
}

Status SimGuest::order(const std::string& tried,
                       Duration deadline,
                       const std::function<Status()>& deed) {
    if (auto asked = ask_agent(tried, deadline); !asked) {
        return asked;
    }
    const auto mishap = world_.mishaps().guest_faults;
    if (mishap != Deed::works) {
        return mishap == Deed::does_nothing
                   ? ok()
                   : Status(fail(ErrorKind::refused, tried, "the agent refused"));
    }
    return deed();
}

Status SimGuest::inject(const std::string& fault, const Fields& params, Duration deadline) {
    return order("order " + fault + " in " + domain_->name(), deadline, [&] {
        return domain_->make_fault(fault, params);
    });
}

Status SimGuest::heal(const std::string& fault, Duration deadline) {
    return order("end " + fault + " in " + domain_->name(), deadline, [&] {
        domain_->end_fault(fault);
        return ok();
    });
}

Result<GuestFacts> SimGuest::look(const std::string& /*disk*/, Duration deadline) {
    if (auto asked = ask_agent("look into " + domain_->name(), deadline); !asked) {
        return asked.error();
    }
    return domain_->facts();
}

Subscription SimGuest::on_hello(std::function<void(const Hello&)> callback) {
    return domain_->on_hello.add(std::move(callback));
}

Subscription SimGuest::on_beat(std::function<void(const Beat&)> callback) {
    return domain_->on_beat.add(std::move(callback));
}

Subscription SimGuest::on_acknowledged(std::function<void(const Acknowledged&)> callback) {
    return domain_->on_acknowledged.add(std::move(callback));
}

Subscription SimGuest::on_write_cache(std::function<void(const GuestWriteCache&)> /*callback*/) {
    return {nullptr, [](void*) {}};
}

Subscription SimGuest::on_protocol_error(std::function<void(const std::string&)> callback) {
    return domain_->on_protocol_error.add(std::move(callback));
}

Subscription SimGuest::on_network_beat(std::function<void(const Beat&)> callback) {
    return domain_->on_network_beat.add(std::move(callback));
}

Subscription SimGuest::on_console(std::function<void(Instant, const std::string&)> callback) {
    return domain_->on_console.add(std::move(callback));
}

Result<Duration> SimGuest::ping(Duration deadline) {
    if (!domain_->network_answers() || deadline < echo) {
        world_.scheduler().wait_for(deadline, {});
        return fail(ErrorKind::timeout, "ping " + domain_->name(), "no echo");
    }
    world_.scheduler().wait_for(echo, {});
    return echo;
}

}  // namespace ordeal
