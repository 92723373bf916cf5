#include "campaign/fault_task.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

// Preparing is a few reads; the lead keeps them out of the instant even on a busy machine.
constexpr Duration preparation_lead = 500ms;
constexpr Duration preparation_allowance = 5s;
constexpr Duration residue_allowance = 5s;
constexpr int healing_attempts = 3;
constexpr Duration first_pause = 1ms;
constexpr Duration longest_pause = 50ms;

}  // namespace

FaultTask::FaultTask(FaultWorld& world, std::unique_ptr<Injector> injector, FaultOrder order)
    : world_(world), injector_(std::move(injector)), order_(std::move(order)) {}

InjectorContext FaultTask::context(const std::stop_token& stop, Duration allowance) {
    return {.testbed = world_.testbed,
            .scheduler = world_.scheduler,
            .stop = stop,
            .guest = order_.guest,
            .deadline = world_.scheduler.now() + allowance,
            .met = &met_};
}

void FaultTask::record(std::string_view kind, Fields data) {
    data.set("target", order_.target);
    world_.recorder.record(kind, order_.fault.kind, order_.fault.id, std::move(data));
}

void FaultTask::update(const std::function<void(Outcome&)>& change) {
    {
        const std::lock_guard lock(mutex_);
        change(outcome_);
    }
    world_.scheduler.notify();
}

FaultTask::Outcome FaultTask::outcome() const {
    const std::lock_guard lock(mutex_);
    return outcome_;
}

void FaultTask::failed(const std::string& step, const Error& error) {
    spdlog::warn(
        "fault step failed fault={} step={} error={}", order_.fault.id, step, error.text());
    record(event::fault_error, {{"step", step}, {"error", error.text()}});
    update([&](Outcome& outcome) {
        if (outcome.trouble.empty()) {
            outcome.trouble = "fault " + order_.fault.id + ", " + step + ": " + error.text();
        }
    });
}

Status FaultTask::prepare() {
    auto where = context(never_stopped, preparation_allowance);
    auto status = injector_->prepare(where, order_.fault);
    if (!status) {
        failed("prepare", status.error());
    }
    prepared_ = static_cast<bool>(status);
    return status;
}

void FaultTask::run(Instant at, const std::stop_token& stop) {
    auto& scheduler = world_.scheduler;
    const bool early = scheduler.wait_until(at - preparation_lead, stop) != Woken::stopped;
    if (early && (prepared_ || prepare()) && inject(at, stop)) {
        observe(stop);
        if (outcome().activation == Presence::active) {
            scheduler.wait_for(order_.hold, stop);
        }
        heal();
    }
    update([](Outcome& outcome) { outcome.ended = true; });
}

void FaultTask::leave_out(const Error& why) {
    failed("wait", why);
    update([](Outcome& outcome) { outcome.ended = true; });
}

/// False: nothing was done.
bool FaultTask::inject(Instant at, const std::stop_token& stop) {
    if (order_.leaves_trace) {
        auto announced = world_.journal.announce(HealFault{order_.fault});
        if (!announced) {
            failed("journal", announced.error());
            return false;
        }
        announced_ = *announced;
    }
    auto armed = world_.armed();
    if (!armed) {
        failed("arm", armed.error());
    }
    if (!armed || world_.scheduler.wait_until(at, stop) == Woken::stopped) {
        withdraw();
        return false;
    }
    const auto planned = world_.recorder.trial_time(at);
    const auto begin = world_.recorder.now();
    auto struck = world_.scheduler.now();
    auto where = context(stop, injector_->injection_time());
    where.struck = &struck;
    auto status = injector_->inject(where, order_.fault);
    const auto end = world_.recorder.now();
    world_.recorder.record({.at = std::max(begin, world_.recorder.trial_time(struck)),
                            .kind = std::string(event::fault_injecting),
                            .source = order_.fault.kind,
                            .subject = order_.fault.id,
                            .data = {{"target", order_.target}, {"planned", planned}}});
    world_.recorder.record({.at = end,
                            .kind = std::string(event::fault_injected),
                            .source = order_.fault.kind,
                            .subject = order_.fault.id,
                            .data = {{"target", order_.target},
                                     {"planned", planned},
                                     {"late", Duration(begin - planned)}}});
    update([](Outcome& outcome) { outcome.injected = true; });
    if (!status) {
        failed("inject", status.error());
    }
    return true;
}

/// Nothing is left to undo, or nothing was done.
void FaultTask::withdraw() {
    if (announced_) {
        if (auto done = world_.journal.done(*announced_); !done) {
            failed("journal", done.error());
        }
        announced_.reset();
    }
}

Observation FaultTask::look_until(Presence wanted,
                                  const std::stop_token& stop,
                                  Duration allowance) {
    auto& scheduler = world_.scheduler;
    auto where = context(stop, allowance);
    Duration pause = first_pause;
    while (true) {
        auto looked = wanted == Presence::active ? injector_->observe(where, order_.fault)
                                                 : injector_->residue(where, order_.fault);
        auto seen =
            looked ? std::move(*looked) : Observation{Presence::unknown, looked.error().text()};
        if (seen.presence == wanted || scheduler.now() >= where.deadline) {
            return seen;
        }
        if (scheduler.wait_until(std::min(scheduler.now() + pause, where.deadline), stop) ==
            Woken::stopped) {
            return seen;
        }
        pause = std::min(pause * 2, longest_pause);
    }
}

void FaultTask::observe(const std::stop_token& stop) {
    const auto seen = look_until(Presence::active, stop, injector_->activation_time());
    record(event::fault_observed,
           {{"activation", std::string(name_of(seen.presence))}, {"evidence", seen.evidence}});
    update([&](Outcome& outcome) {
        outcome.activation = seen.presence;
        if (seen.presence != Presence::active && outcome.trouble.empty()) {
            outcome.trouble = "fault " + order_.fault.id + " did not act: " + seen.evidence;
        }
    });
}

void FaultTask::heal() {
    if (!announced_) {
        return;
    }
    record(event::fault_healing);
    Status status = ok();
    for (int attempt = 1; attempt <= healing_attempts; ++attempt) {
        auto where = context(never_stopped, order_.healing);
        status = injector_->heal(where, order_.fault);
        if (status) {
            break;
        }
        world_.scheduler.wait_for(longest_pause * attempt, never_stopped);
    }
    if (status) {
        record(event::fault_healed);
    } else {
        failed("heal", status.error());
    }
    const auto healed = world_.scheduler.now();
    const auto seen = look_until(Presence::absent, never_stopped, residue_allowance);
    const bool none = seen.presence == Presence::absent;
    const auto* word = none ? "none" : seen.presence == Presence::active ? "present" : "unknown";
    record(event::fault_residue, {{"residue", std::string(word)}, {"evidence", seen.evidence}});
    if (none) {
        withdraw();
    }
    update([&](Outcome& outcome) {
        outcome.residue = !none;
        outcome.healed = healed;
    });
}

}  // namespace ordeal
