#include "campaign/trial_domain.hpp"

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

/// How soon a stop ends the wait for a hello, which itself knows no stop.
constexpr Duration hello_slice = 200ms;
/// Five beats at the default rate: a longer silence ends the series.
constexpr Duration longest_beat_gap = 500ms;
/// Acknowledgements that follow each other this closely become one event: a guest can give
/// thousands a second, and what counts is which were given, not when each arrived.
constexpr Duration ledger_grain = 50ms;

Fields ledger_fields(const LoadOrder& order) {
    return {{"disk", order.spec.disk},
            {"directory", order.directory()},
            {"profile", order.spec.profile},
            {"run_id", static_cast<std::int64_t>(order.run_id)},
            {"seed", static_cast<std::int64_t>(order.seed)},
            {"record", order.spec.record},
            {"writers", std::int64_t{order.spec.writers}},
            {"slots", std::int64_t{order.slots}}};
}

}  // namespace

TrialDomain::TrialDomain(Testbed& testbed,
                         Scheduler& scheduler,
                         TrialRecorder& recorder,
                         DomainSpec spec,
                         std::string name)
    : testbed_(testbed), scheduler_(scheduler), recorder_(recorder), spec_(std::move(spec)) {
    provisioned_.domain = std::move(name);
}

TrialDomain::~TrialDomain() = default;

void TrialDomain::record(std::string_view kind, Instant at, Fields data) {
    recorder_.record({.at = recorder_.trial_time(at),
                      .kind = std::string(kind),
                      .source = "runner",
                      .subject = subject(),
                      .data = std::move(data)});
}

Status TrialDomain::provision(int slot, const std::filesystem::path& directory) {
    auto provisioned = testbed_.provision(spec_, provisioned_.domain, slot, directory);
    if (!provisioned) {
        return provisioned.error();
    }
    provisioned_ = std::move(*provisioned);
    auto host = testbed_.host(provisioned_.host);
    auto guest = testbed_.guest(provisioned_.domain);
    if (!host || !guest) {
        return host ? guest.error() : host.error();
    }
    host_ = std::make_unique<FollowingHost>(testbed_, provisioned_.domain, **host);
    guest_ = *guest;
    subscribe();
    return ok();
}

void TrialDomain::subscribe() {
    subscriptions_.push_back(guest_->on_beat([this](const Beat& one) { beat(one); }));
    subscriptions_.push_back(
        guest_->on_acknowledged([this](const Acknowledged& range) { acknowledged(range); }));
    subscriptions_.push_back(guest_->on_hello([this](const Hello& hello) {
        record(event::agent_hello,
               hello.arrived,
               {{"boot_id", hello.boot_id}, {"capabilities", hello.capabilities}});
    }));
    if (spec_.machine == "virtual") {
        subscriptions_.push_back(guest_->on_write_cache([this](const GuestWriteCache& cache) {
            recorder_.record({.at = recorder_.now(),
                              .kind = std::string(event::write_cache),
                              .source = "guest",
                              .subject = subject(),
                              .data = {{"device", cache.device}, {"mode", cache.mode}}});
        }));
    }
    subscriptions_.push_back(guest_->on_protocol_error([this](const std::string& error) {
        record(event::agent_protocol_error, scheduler_.now(), {{"error", error}});
    }));
}

void TrialDomain::beat(const Beat& one) {
    {
        const std::lock_guard lock(mutex_);
        if (!pulse_.last_beat || one.arrived - *pulse_.last_beat > longest_beat_gap) {
            pulse_.beating_since = one.arrived;
            pulse_.writing_since.reset();
        }
        pulse_.last_beat = one.arrived;
    }
    scheduler_.notify();
}

/// QEMU's side of the write caches' contract, as it is now.
void TrialDomain::note_cache_contracts() {
    const auto contracts = testbed_.cache_contracts(provisioned_.domain);
    if (!contracts) {
        record(event::note, scheduler_.now(), {{"text", contracts.error().text()}});
        return;
    }
    for (const auto& contract : *contracts) {
        recorder_.record({.at = recorder_.now(),
                          .kind = std::string(event::write_cache),
                          .source = "qemu",
                          .subject = subject(),
                          .data = {{"disk", contract.disk},
                                   {"writeback", contract.writeback},
                                   {"direct", contract.direct},
                                   {"no_flush", contract.no_flush}}});
    }
}

void TrialDomain::put_mark(std::uint64_t sequence) {
    ledger::Mark mark;
    {
        const std::lock_guard lock(mutex_);
        mark = *marking_;
    }
    mark.sequence = sequence;
    const auto bytes = ledger::encode_mark(mark);
    auto put =
        testbed_.storage().mark({provisioned_.host, provisioned_.domain, marked_disk_}, bytes);
    // A recording with fewer promises than were made is sound, but it must be known.
    if (!put && !marks_lost_.exchange(true)) {
        record(event::note, scheduler_.now(), {{"text", put.error().text()}});
    }
}

/// The fsync had returned before the guest sent this, and its flush had completed before that.
void TrialDomain::mark(const Acknowledged& range) {
    ledger::Plan plan;
    {
        const std::lock_guard lock(mutex_);
        if (!marking_ || !ledger_open_ || marks_lost_) {
            return;
        }
        plan = marking_->plan;
    }
    for (auto record = range.first; record <= range.last; ++record) {
        put_mark(ledger::sequence_of(
            plan, static_cast<std::uint32_t>(range.writer), static_cast<std::uint64_t>(record)));
    }
}

void TrialDomain::acknowledged(const Acknowledged& range) {
    mark(range);
    std::optional<Acknowledged> complete;
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = !pulse_.writing_since;
        if (first) {
            pulse_.writing_since = range.arrived;
        }
        if (ledger_open_) {
            const auto [pending, fresh] =
                unrecorded_.try_emplace(range.writer, Unrecorded{range, range.arrived});
            auto& held = pending->second;
            if (!fresh && range.first == held.range.last + 1 &&
                range.arrived - held.begun < ledger_grain) {
                held.range.last = range.last;
                held.range.arrived = range.arrived;
            } else if (!fresh) {
                complete = std::exchange(held, {range, range.arrived}).range;
            }
        }
    }
    if (complete) {
        record_acknowledged(*complete);
    }
    if (first) {
        scheduler_.notify();
    }
}

void TrialDomain::record_acknowledged(const Acknowledged& range) {
    record(event::ledger_acknowledged,
           range.arrived,
           {{"writer", range.writer}, {"first", range.first}, {"last", range.last}});
}

void TrialDomain::close_ledger() {
    std::map<std::int64_t, Unrecorded> rest;
    {
        const std::lock_guard lock(mutex_);
        ledger_open_ = false;
        rest.swap(unrecorded_);
    }
    for (const auto& [writer, held] : rest) {
        record_acknowledged(held.range);
    }
}

Pulse TrialDomain::pulse() const {
    const std::lock_guard lock(mutex_);
    return pulse_;
}

Status TrialDomain::boot(Instant deadline, const std::stop_token& stop) {
    return start_on(*host_, deadline, stop);
}

Status TrialDomain::fail_over(Instant deadline, const std::stop_token& stop) {
    close_ledger();
    if (auto defined = testbed_.define_at(provisioned_.domain, spec_.failover); !defined) {
        return defined;
    }
    auto host = testbed_.host(spec_.failover);
    return host ? start_on(**host, deadline, stop) : Status(host.error());
}

Status TrialDomain::start_on(Host& host, Instant deadline, const std::stop_token& stop) {
    if (auto started = host.hypervisor().start(provisioned_.domain); !started) {
        return started;
    }
    while (true) {
        const auto hello = guest_->wait_hello(std::min(deadline, scheduler_.now() + hello_slice));
        if (hello) {
            return ok();
        }
        if (stop.stop_requested()) {
            return fail(ErrorKind::unavailable, "boot " + subject(), "stopped");
        }
        if (hello.error().kind != ErrorKind::timeout || scheduler_.now() >= deadline) {
            return hello.error();
        }
    }
}

Status TrialDomain::start_probes(const Experiment& experiment, const Catalogues& catalogues) {
    for (const auto& spec : experiment.probes) {
        if ((!spec.domain.empty() && spec.domain != subject()) || watches_service(spec.kind)) {
            continue;
        }
        std::shared_ptr<Probe> probe = make(catalogues.probes, spec.kind);
        if (!probe) {
            return fail(ErrorKind::internal, "start probe " + spec.kind, "no such kind");
        }
        observers_.push_back(
            std::make_unique<ProbeRecorder>(scheduler_,
                                            recorder_,
                                            spec.kind,
                                            subject(),
                                            spec.params.get<Duration>("interval", 1s)));
        auto watch = [this, probe, &params = spec.params, observer = observers_.back().get()](
                         const std::stop_token& stop) {
            ProbeContext context{.scheduler = scheduler_,
                                 .host = *host_,
                                 .guest = *guest_,
                                 .domain = provisioned_.domain,
                                 .params = params,
                                 .observer = *observer};
            probe->watch(context, stop);
        };
        probes_.push_back(scheduler_.spawn(spec.kind, std::move(watch)));
    }
    return ok();
}

Status TrialDomain::start_load(const LoadOrder& order, Duration allowance) {
    const auto disk = std::ranges::find(spec_.disks, order.spec.disk, &DiskSpec::name);
    const bool recorded = disk != spec_.disks.end() && disk->backing == "recorded";
    const auto plan = plan_of(order);
    if (!plan) {
        return plan.error();
    }
    {
        const std::lock_guard lock(mutex_);
        ledger_open_ = true;
        if (recorded) {
            marking_ = ledger::Mark{*plan, order.directory()};
            marked_disk_ = order.spec.disk;
        }
    }
    if (recorded) {
        note_cache_contracts();
    }
    // Stamped before the order: the first acknowledgement may come before the agent's answer.
    const auto ordered = scheduler_.now();
    auto started = guest_->start_load(order, allowance);
    if (started) {
        record(event::load_started, ordered, ledger_fields(order));
        if (recorded) {
            put_mark(0);
        }
    }
    return started;
}

Status TrialDomain::restart_load(const LoadOrder& order, Duration allowance) {
    return guest_->start_load(order, allowance);
}

Status TrialDomain::stop_load(Duration allowance) {
    auto stopped = guest_->stop_load(allowance);
    if (stopped) {
        record(event::load_stopped, scheduler_.now(), {});
    }
    return stopped;
}

bool TrialDomain::gone() {
    const auto process = host_->qemu_process(provisioned_.domain);
    return !process && process.error().kind == ErrorKind::not_found;
}

Status TrialDomain::destroy() {
    if (gone()) {
        return ok();
    }
    if (marking_) {
        note_cache_contracts();
    }
    auto destroyed = host_->hypervisor().destroy(provisioned_.domain);
    return !destroyed && gone() ? ok() : destroyed;
}

Result<std::vector<Specimen>> TrialDomain::capture(const std::filesystem::path& directory) {
    close_ledger();
    std::vector<Specimen> specimens;
    for (const auto& disk : spec_.disks) {
        auto specimen =
            testbed_.capture(provisioned_.domain,
                             disk.name,
                             directory / (subject() + "-" + disk.name + ".captured.img"));
        if (!specimen) {
            return specimen.error();
        }
        specimen->domain = subject();
        specimens.push_back(std::move(*specimen));
    }
    return specimens;
}

Status TrialDomain::remove() {
    for (const auto& probe : probes_) {
        probe->request_stop();
    }
    for (const auto& probe : probes_) {
        probe->join();
    }
    probes_.clear();
    subscriptions_.clear();
    close_ledger();
    return testbed_.remove(provisioned_.domain);
}

}  // namespace ordeal
