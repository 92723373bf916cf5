// How domains come back: started again, or on another host while their own is away.
#include "campaign/trial.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration reload_allowance = 5s;
/// How often a manager of clusters looks, at best.
constexpr Duration between_glances = 100ms;

}  // namespace

Result<Fields> Trial::start_again(TrialDomain& domain,
                                  Status (TrialDomain::*start)(Instant, const std::stop_token&)) {
    auto& scheduler = world_.scheduler;
    const auto ordered = scheduler.now();
    if (auto status = (domain.*start)(deadline_, stop_); !status) {
        return status.error();
    }
    Fields data{{"agent_back", Duration(scheduler.now() - ordered)}};
    for (const auto& spec : experiment_.loads) {
        if (spec.domain != domain.subject()) {
            continue;
        }
        if (auto status = domain.restart_load(load_order(spec, "recovery"), reload_allowance);
            !status) {
            return status.error();
        }
        const auto writes = [&] { return domain.pulse().writing_since > ordered; };
        const auto woken = scheduler.wait_until(deadline_, stop_, writes);
        if (woken != Woken::ready) {
            return woken == Woken::stopped
                       ? stopped("resume the load").error()
                       : fail(ErrorKind::timeout,
                              "resume the load in " + domain.subject(),
                              "nothing was acknowledged by the trial's deadline");
        }
        data.set("load_back", Duration(*domain.pulse().writing_since - ordered));
    }
    return data;
}

Status Trial::restart(TrialDomain& domain) {
    auto data = start_again(domain, &TrialDomain::boot);
    if (!data) {
        return data.error();
    }
    recorder_.record(event::recovered, "runner", domain.subject(), std::move(*data));
    return ok();
}

void Trial::start_failovers() {
    failovers_.resize(domains_.size());
    for (std::size_t index = 0; index < domains_.size(); ++index) {
        if (domains_[index]->spec().failover.empty()) {
            continue;
        }
        failover_tasks_.push_back(world_.scheduler.spawn(
            "failover", [this, index](const std::stop_token& stop) { fail_over(index, stop); }));
    }
}

/// Waits until a fault has acted and nobody runs the domain. What a manager of clusters has to find
/// out by votes and fencing is known here: the domain's QEMU is gone.
void Trial::fail_over(std::size_t index, const std::stop_token& stop) {
    auto& scheduler = world_.scheduler;
    auto& domain = *domains_[index];
    const auto acted = [](const auto& fault) { return fault->outcome().injected; };
    while (!std::ranges::any_of(faults_, acted) || !domain.gone()) {
        if (scheduler.wait_for(between_glances, stop) == Woken::stopped) {
            return;
        }
    }
    {
        const std::lock_guard lock(failovers_mutex_);
        failovers_[index].wanted = true;
    }
    recorder_.record(event::note,
                     "runner",
                     domain.subject(),
                     {{"text", "nobody runs it; it is started on " + domain.spec().failover}});
    auto outcome = start_again(domain, &TrialDomain::fail_over);
    if (outcome) {
        outcome->set("host", domain.spec().failover);
    }
    {
        const std::lock_guard lock(failovers_mutex_);
        failovers_[index].outcome = std::move(outcome);
    }
    scheduler.notify();
}

bool Trial::failovers_ended() const {
    const std::lock_guard lock(failovers_mutex_);
    return std::ranges::all_of(
        failovers_, [](const auto& each) { return !each.wanted || each.outcome.has_value(); });
}

void Trial::stop_failovers() {
    for (const auto& task : failover_tasks_) {
        task->request_stop();
    }
    for (const auto& task : failover_tasks_) {
        task->join();
    }
    failover_tasks_.clear();
}

void Trial::tell_failed_failovers() {
    for (const auto& failover : failovers_) {
        if (failover.outcome && !*failover.outcome && !stop_.stop_requested()) {
            trouble(failover.outcome->error().text());
        }
    }
}

std::optional<Fields> Trial::failed_over(const TrialDomain& domain) const {
    const auto same = [&](const auto& each) { return each.get() == &domain; };
    const auto index =
        static_cast<std::size_t>(std::ranges::find_if(domains_, same) - domains_.begin());
    const std::lock_guard lock(failovers_mutex_);
    if (index >= failovers_.size() || !failovers_[index].outcome || !*failovers_[index].outcome) {
        return std::nullopt;
    }
    return **failovers_[index].outcome;
}

}  // namespace ordeal
