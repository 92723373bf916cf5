#include "campaign/trial.hpp"

#include "core/random.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <fmt/format.h>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

/// On top of the time it must hold.
constexpr Duration steady_allowance = 10s;
/// Clusters wait for each other before anybody serves.
constexpr Duration cluster_allowance = 90s;

}  // namespace

Trial::Trial(TrialWorld& world,
             const Experiment& experiment,
             const PlannedTrial& planned,
             int first_slot)
    : world_(world),
      experiment_(experiment),
      planned_(planned),
      first_slot_(first_slot),
      directory_(world.run_directory / "trials" / std::to_string(planned.number)),
      recorder_(world.scheduler, world.writer, planned.number),
      deadline_(world.scheduler.now() + experiment.deadline),
      fault_world_{.testbed = world.testbed,
                   .scheduler = world.scheduler,
                   .recorder = recorder_,
                   .journal = world.journal,
                   .armed = world.armed},
      service_(world.testbed, world.scheduler, recorder_) {
    result_.record = {.number = planned.number,
                      .experiment = experiment.name,
                      .cell = experiment.cell,
                      .seed = planned.seed,
                      .started = world.scheduler.wall()};
}

TrialResult Trial::run(const std::stop_token& stop) {
    stop_ = stop;
    world_.progress.trial_started(result_.record, first_slot_);
    Status status = world_.writer.begin_trial(result_.record);
    constexpr std::pair<std::string_view, Step> phases[] = {
        {phase::provision, &Trial::provision},
        {phase::boot, &Trial::boot},
        {phase::steady, &Trial::hold_steady},
        {phase::load, &Trial::load_and_inject},
        {phase::capture, &Trial::capture},  // sets off `examine`, which runs beside `recover`
        {phase::recover, &Trial::recover},
    };
    for (const auto& [name, step] : phases) {
        if (status) {
            status = phase(name, step);
        }
    }
    if (!status) {
        trouble(status.error().text());
    }
    if (examination_) {
        examination_->join();
    }
    result_.interrupted = stop_.stop_requested();
    if (!result_.interrupted) {
        static_cast<void>(phase(phase::judge, &Trial::judge));
    }
    static_cast<void>(phase(phase::tear_down, &Trial::tear_down, Stoppable::no));
    conclude();
    return std::move(result_);
}

Status Trial::phase(std::string_view name, Step step, Stoppable stoppable) {
    if (stoppable == Stoppable::yes && stop_.stop_requested()) {
        return stopped(std::string(name));
    }
    world_.progress.phase_started(planned_.number, name);
    recorder_.record(event::phase_begin, "runner", name);
    const auto begin = recorder_.now();
    auto status = (this->*step)();
    Fields data{{"duration", Duration(recorder_.now() - begin)}, {"ok", status.has_value()}};
    if (!status) {
        data.set("error", status.error().text());
    }
    recorder_.record(event::phase_end, "runner", name, std::move(data));
    return status;
}

Status Trial::stopped(const std::string& tried) const {
    return fail(ErrorKind::unavailable, tried, "stopped");
}

void Trial::trouble(const std::string& reason) {
    spdlog::warn("trial is in trouble trial={} reason={}", planned_.number, reason);
    troubles_.push_back(reason);
}

/// None: it is in no cluster that is made here.
std::optional<MemberSpec> Trial::member(const std::string& domain) const {
    if (!experiment_.cluster || !experiment_.service ||
        std::ranges::count(experiment_.service->members, domain) == 0) {
        return std::nullopt;
    }
    MemberSpec member{
        .cluster = *experiment_.cluster, .service = *experiment_.service, .slots = {}};
    for (const auto& name : member.service.members) {
        const auto at = std::ranges::find(experiment_.domains, name, &DomainSpec::name);
        member.slots.push_back(first_slot_ + static_cast<int>(at - experiment_.domains.begin()));
    }
    return member;
}

Status Trial::provision() {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) {
        return fail(ErrorKind::unavailable, "create " + directory_.string(), error.message());
    }
    int slot = first_slot_;
    for (auto spec : experiment_.domains) {
        spec.seed = Random(planned_.seed).derive(spec.name).derive("disks").next();
        spec.member = member(spec.name);
        auto name = fmt::format("{}-{}-{}", world_.prefix, planned_.number, spec.name);
        auto announced = world_.journal.announce(RemoveDomain{name});
        if (!announced) {
            return announced.error();
        }
        announced_.push_back(*announced);
        domains_.push_back(std::make_unique<TrialDomain>(
            world_.testbed, world_.scheduler, recorder_, std::move(spec), std::move(name)));
        if (auto status = domains_.back()->provision(slot++, directory_); !status) {
            return status;
        }
    }
    return make_faults();
}

Status Trial::boot() {
    // Together: on a machine with enough processors they boot in the time of one.
    std::vector<Status> booted(domains_.size(), ok());
    std::vector<std::unique_ptr<Task>> tasks;
    for (std::size_t i = 0; i < domains_.size(); ++i) {
        tasks.push_back(world_.scheduler.spawn("boot", [this, i, &booted](const auto&) {
            booted[i] = domains_[i]->boot(deadline_, stop_);
        }));
    }
    for (const auto& task : tasks) {
        task->join();
    }
    const auto failed = std::ranges::find(booted, false, &Status::has_value);
    return failed == booted.end() ? ok() : *failed;
}

Status Trial::hold_steady() {
    for (const auto& domain : domains_) {
        if (auto status = domain->start_probes(experiment_, world_.catalogues); !status) {
            return status;
        }
    }
    if (auto status = service_.start(experiment_, world_.catalogues, domains_); !status) {
        return status;
    }
    auto& scheduler = world_.scheduler;
    const auto allowance = experiment_.service ? cluster_allowance : steady_allowance;
    const auto limit = std::min(deadline_, scheduler.now() + experiment_.settle + allowance);
    while (true) {
        const auto alive = scheduler.wait_until(limit, stop_, [this] { return steady(); });
        if (alive != Woken::ready) {
            break;
        }
        const auto settled = scheduler.now() + experiment_.settle;
        const auto ended = scheduler.wait_until(settled, stop_, [this] { return !steady(); });
        if (ended == Woken::deadline) {
            return ok();
        }
        if (ended == Woken::stopped) {
            break;
        }
    }
    if (stop_.stop_requested()) {
        return stopped("reach a steady state");
    }
    std::string opinions;
    const auto tell = [&](const auto& observers) {
        for (const auto& observer : observers) {
            opinions += fmt::format("{}{} says {} is {}",
                                    opinions.empty() ? "" : ", ",
                                    observer->probe(),
                                    observer->subject(),
                                    name_of(observer->view().opinion));
        }
    };
    for (const auto& domain : domains_) {
        tell(domain->observers());
    }
    tell(service_.observers());
    return fail(ErrorKind::timeout, "reach a steady state", opinions);
}

/// Nobody says dead, and somebody says alive, of each domain that is watched; of the service
/// everybody says alive.
bool Trial::steady() const {
    const auto opinion = [](const auto& observer) { return observer->view().opinion; };
    return std::ranges::all_of(domains_,
                               [&](const auto& domain) {
                                   const auto& all = domain->observers();
                                   return all.empty() ||
                                          (std::ranges::count(all, Opinion::dead, opinion) == 0 &&
                                           std::ranges::count(all, Opinion::alive, opinion) != 0);
                               }) &&
           std::ranges::count(service_.observers(), Opinion::alive, opinion) ==
               std::ssize(service_.observers());
}

}  // namespace ordeal
