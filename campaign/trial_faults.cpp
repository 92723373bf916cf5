// The faults of a trial: who is struck, by whom, and when.
#include "campaign/trial.hpp"

#include <algorithm>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

/// A host boots.
constexpr Duration host_healing_allowance = 60s;
/// Faults that come so early are prepared before the load starts.
constexpr Duration early = 500ms;

}  // namespace

Status Trial::make_faults() {
    for (const auto& planned : planned_.faults) {
        const auto& spec = experiment_.faults.at(planned.fault);
        auto injector = make(world_.catalogues.injectors, spec.kind);
        const auto* info = find_kind(world_.catalogues.kinds.faults, spec.kind);
        if (!injector || info == nullptr) {
            return fail(ErrorKind::internal, "make fault " + spec.kind, "no such kind");
        }
        FaultOrder order{
            .fault = {.id = planned.id, .kind = spec.kind, .params = spec.params},
            .target = planned.target,
            .leaves_trace = info->undo != "none",
            .hold = planned.hold,
        };
        order.fault.target.host = planned.target;
        if (info->target == "host") {
            order.healing = host_healing_allowance;
        }
        const auto target = std::ranges::find(domains_, planned.target, &TrialDomain::subject);
        if (target != domains_.end()) {
            order.fault.target.host = (*target)->provisioned().host;
        }
        if (target != domains_.end() && info->target != "host") {
            order.fault.target.domain = (*target)->provisioned().domain;
            order.guest = (*target)->guest();
        }
        faults_.push_back(
            std::make_unique<FaultTask>(fault_world_, std::move(injector), std::move(order)));
    }
    return ok();
}

/// For each fault what it waits for, if it does.
void Trial::set_triggers() {
    for (const auto& spec : experiment_.faults) {
        triggers_.push_back(nullptr);
        if (spec.on) {
            triggers_.back() = std::make_unique<Trigger>(*spec.on);
        }
    }
    hearing_ = recorder_.listen([this](const Event& event) {
        for (const auto& trigger : triggers_) {
            if (trigger && trigger->see(event)) {
                world_.scheduler.notify();
            }
        }
    });
}

Status Trial::load_and_inject() {
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        const auto& planned = planned_.faults[i];
        if (planned.at < early && planned.round == 0 && !experiment_.faults[planned.fault].on) {
            // A failure is the fault's own trouble; the trial goes on to its end.
            static_cast<void>(faults_[i]->prepare());
        }
    }
    set_triggers();
    if (auto status = start_loads(); !status) {
        return status;
    }
    auto& scheduler = world_.scheduler;
    const auto start = scheduler.now();
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        fault_tasks_.push_back(scheduler.spawn(
            planned_.faults[i].id,
            [this, i, start](const std::stop_token& stop) { strike(i, start, stop); }));
    }
    start_failovers();
    auto woken = scheduler.wait_until(deadline_, stop_, [this] {
        return failovers_ended() && std::ranges::all_of(faults_, [](const auto& fault) {
                   return fault->outcome().ended;
               });
    });
    if (woken == Woken::ready) {
        woken = scheduler.wait_until(std::min(start + experiment_.duration, deadline_), stop_);
    }
    stop_faults();
    stop_failovers();
    service_.stop();  // before its domains are destroyed: that is no outage
    tell_failed_failovers();
    if (woken == Woken::stopped) {
        return stopped("run the load");
    }
    if (scheduler.now() >= deadline_) {
        return fail(ErrorKind::timeout,
                    "run the load and its faults",
                    "not done by the trial's deadline of " + to_text(experiment_.deadline));
    }
    return ok();
}

/// One strike, after what its fault waits for and after the fault's rounds before.
void Trial::strike(std::size_t index, Instant start, const std::stop_token& stop) {
    auto& scheduler = world_.scheduler;
    const auto& planned = planned_.faults[index];
    const auto& spec = experiment_.faults[planned.fault];
    auto& fault = *faults_[index];
    auto from = start;
    if (const auto& trigger = triggers_[planned.fault]) {
        const auto woken = scheduler.wait_until(
            start + spec.within, stop, [&] { return trigger->met().has_value(); });
        if (woken != Woken::ready) {
            fault.leave_out(woken == Woken::stopped
                                ? stopped("wait for " + trigger->text()).error()
                                : fail(ErrorKind::timeout,
                                       "wait for " + trigger->text(),
                                       "it did not come in " + to_text(spec.within)));
            return;
        }
        from = std::max(start, recorder_.scheduler_time(*trigger->met()));
    }
    const auto before = [&] {
        for (std::size_t i = 0; i < index; ++i) {
            const auto& other = planned_.faults[i];
            if (other.fault == planned.fault && other.round < planned.round &&
                !faults_[i]->outcome().ended) {
                return false;
            }
        }
        return true;
    };
    if (scheduler.wait_until(Instant::max(), stop, before) == Woken::stopped) {
        fault.leave_out(stopped("wait for the strikes before").error());
        return;
    }
    fault.run(from + planned.at, stop);
}

/// Those that still go on heal now; returns when all have.
void Trial::stop_faults() {
    for (const auto& task : fault_tasks_) {
        task->request_stop();
    }
    for (const auto& task : fault_tasks_) {
        task->join();
    }
    fault_tasks_.clear();
}

}  // namespace ordeal
