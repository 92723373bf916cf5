#include "testbed/sim/sim_domain.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration boot_time = 3s;
constexpr Duration beat_interval = 100ms;
constexpr Duration link_latency = 200us;
constexpr Duration network_latency = 500us;
constexpr Duration write_interval = 20ms;
constexpr std::int64_t default_rate = 200;  // records a second and writer
constexpr Duration pvpanic_latency = 10ms;
constexpr Duration monitor_latency = 20ms;  // from the end of QEMU to libvirt's word of it

constexpr double paused_cpu = 0.001;
constexpr double idle_cpu = 0.1;
constexpr double load_cpu = 0.5;
constexpr double spinning_cpu = 1.0;  // a panicked or hung kernel loops

}  // namespace

SimDomain::SimDomain(SimAgenda& agenda, SimProcesses& processes, DomainSpec spec, std::string name)
    : agenda_(agenda), processes_(&processes), spec_(std::move(spec)), name_(std::move(name)) {
    for (const auto& each : spec_.disks) {
        if (each.backing != "file") {
            disks_.emplace(each.name, processes);
        }
    }
}

SimDisk* SimDomain::disk(const std::string& name) {
    const auto found = disks_.find(name);
    return found == disks_.end() ? nullptr : &found->second;
}

void SimDomain::later(Duration delay, void (SimDomain::*action)()) {
    agenda_.after(delay, [weak = weak_from_this(), boot = boot_, action] {
        const auto self = weak.lock();
        if (self && self->boot_ == boot) {
            (*self.*action)();
        }
    });
}

void SimDomain::launch() {
    qemu_ = processes_->launch([weak = weak_from_this(), home = processes_] {
        const auto self = weak.lock();
        if (self && self->processes_ == home) {
            self->qemu_ended();
        }
    });
    vcpu_time_ = {};
    changed_cpu_ = {};
}

std::string SimDomain::run_state() const {
    return vcpus_run_       ? "running"
           : pvpanic_fired_ ? "guest-panicked"
           : held_by_disk_  ? "io-error"
                            : "paused";
}

Duration SimDomain::cpu_time() const {
    const auto status = qemu_ ? processes_->status(*qemu_) : Result<ProcessStatus>(ProcessStatus{});
    return status ? status->cpu_time : Duration{};
}

Duration SimDomain::vcpu_time() const {
    return vcpu_time_ + (vcpus_ran_ ? cpu_time() - changed_cpu_ : Duration{});
}

void SimDomain::move_to(SimProcesses& processes) {
    const auto old = std::exchange(qemu_, std::nullopt);
    auto& left = *std::exchange(processes_, &processes);
    if (old) {
        launch();
        set_cpu_load();
        left.end(*old);
    }
}

void SimDomain::power_on() {
    if (qemu_) {
        return;
    }
    launch();
    for (auto& [name, disk] : disks_) {
        disk.start();
    }
    vcpus_run_ = true;
    destroyed_ = false;
    end_reason_.clear();
    card_ = true;
    unplugged_.clear();
    disk_dead_ = false;
    memory_ = wanted_memory_ = spec_.memory;
    if (saved_) {
        restore();
        return;
    }
    learn(DomainState::running, "booted", "started", "booted");
    boot();
}

void SimDomain::boot() {
    ++boot_;
    kernel_ = Kernel::booting;
    booted_ = agenda_.now();
    hello_.reset();
    load_.reset();
    queue_ = {};
    held_by_disk_ = false;
    held_.clear();
    service_killed_ = false;
    oom_kills_ = 0;
    nmis_ = 0;
    pvpanic_fired_ = false;
    set_cpu_load();
    later(boot_time, &SimDomain::finish_boot);
}

void SimDomain::finish_boot() {
    if (!executes()) {
        later(beat_interval, &SimDomain::finish_boot);
        return;
    }
    say("Run /init as init process");
    kernel_ = Kernel::alive;
    agent_runs_ = true;
    hello_ = Hello{.arrived = agenda_.now(),
                   .boot_id = name_ + "-boot-" + std::to_string(boot_),
                   .version = "simulated",
                   .capabilities = {"load.append_fsync",
                                    "load.rename_fsync",
                                    "load.overwrite_direct",
                                    "fault.panic",
                                    "fault.agent_kill",
                                    "clock",
                                    "udp"}};
    on_hello.call(*hello_);
    agenda_.scheduler().notify();
    beat();
    write();
}

void SimDomain::destroy() {
    if (qemu_) {
        destroyed_ = true;
        processes_->end(*qemu_);
    }
}

void SimDomain::pause() {
    if (qemu_ && vcpus_run_) {
        vcpus_run_ = false;
        set_cpu_load();
        learn(DomainState::paused, "user", "suspended", "paused");
    }
}

void SimDomain::resume() {
    if (qemu_ && !vcpus_run_ && !pvpanic_fired_) {
        vcpus_run_ = true;
        held_by_disk_ = false;
        set_cpu_load();
        learn(DomainState::running, "unpaused", "resumed", "unpaused");
    }
}

void SimDomain::panic() {
    if (!executes() || kernel_ == Kernel::panicked) {
        return;
    }
    kernel_ = Kernel::panicked;
    load_.reset();
    set_cpu_load();
    say("Kernel panic - not syncing: sysrq triggered crash");
    say("---[ end Kernel panic - not syncing: sysrq triggered crash ]---");
    if (spec_.pvpanic) {
        later(pvpanic_latency, &SimDomain::panic_reported);
    }
}

void SimDomain::panic_reported() {
    if (spec_.on_crash == "restart") {
        boot();
        return;
    }
    pvpanic_fired_ = true;
    vcpus_run_ = false;
    set_cpu_load();
    if (libvirt_looks_) {
        learn(DomainState::crashed, "panicked", "crashed", "panicked");
    }
    if (spec_.on_crash == "destroy") {
        processes_->end(*qemu_);
    }
}

void SimDomain::hang() {
    kernel_ = Kernel::hung;
    set_cpu_load();
}

void SimDomain::say(const std::string& line) {
    if (executes()) {
        on_console.call(agenda_.now(), line);
    }
}

void SimDomain::start_load(const LoadOrder& order) {
    load_ = Load{
        .order = order,
        .acknowledged = std::vector<std::int64_t>(static_cast<std::size_t>(order.spec.writers), 0)};
    set_cpu_load();
}

void SimDomain::stop_load() {
    load_.reset();
    queue_.waiting = 0;
    set_cpu_load();
}

bool SimDomain::executes() const {
    return qemu_ && vcpus_run_ && !frozen();
}

bool SimDomain::guest_lives() const {
    return executes() && kernel_ == Kernel::alive;
}

void SimDomain::beat() {
    if (agent_answers()) {
        Beat beat{.guest_uptime = uptime(), .boot_id = hello_->boot_id};
        if (load_) {
            const auto done = std::accumulate(
                load_->acknowledged.begin(), load_->acknowledged.end(), std::int64_t{0});
            beat.load_running = !load_->failed;
            beat.load_failed = load_->failed;
            beat.acknowledged = static_cast<std::uint64_t>(done);
            beat.intended = beat.acknowledged + load_->acknowledged.size();
        }
        agenda_.after(link_latency, [self = shared_from_this(), beat]() mutable {
            beat.arrived = self->agenda_.now();
            self->on_beat.call(beat);
        });
        if (connected()) {
            agenda_.after(network_latency, [self = shared_from_this(), beat]() mutable {
                beat.arrived = self->agenda_.now();
                self->on_network_beat.call(beat);
            });
        }
    }
    later(beat_interval, &SimDomain::beat);
}

void SimDomain::write() {
    const bool writes = load_ && agent_answers();
    const bool taken = writes && disk_takes();
    // What the disk does not answer waits, whoever asked for it.
    queue_.waiting = writes ? (taken || load_->failed ? 0 : 1) : queue_.waiting;
    if (taken) {
        ++queue_.answered;
        const auto& spec = load_->order.spec;
        const auto rate = spec.rate > 0 ? spec.rate : default_rate;
        const auto due = ++load_->ticks * rate * write_interval.count() / Duration(1s).count();
        for (std::size_t writer = 0; writer < load_->acknowledged.size(); ++writer) {
            const auto done = load_->acknowledged[writer];
            if (due > done) {
                load_->acknowledged[writer] = due;
                on_acknowledged.call({.arrived = agenda_.now(),
                                      .writer = static_cast<std::int64_t>(writer),
                                      .first = done,
                                      .last = due - 1});
            }
        }
    }
    later(write_interval, &SimDomain::write);
}

bool SimDomain::disk_takes() {
    if (holds("fs_freeze")) {
        return false;
    }
    if (holds("disk_full") || holds("fs_readonly")) {
        load_->failed = true;
    }
    if (disk_dead_ && !load_->failed) {
        load_->failed = true;
        say("I/O error, dev vda, sector 2048 op 0x1:(WRITE)");
    }
    auto* target = disk(load_->order.spec.disk);
    if (load_->failed || target == nullptr) {
        return !load_->failed;
    }
    const auto reply = storage_ ? target->write() : SimDisk::Reply{.answer = SimDisk::Answer::none};
    if (reply.answer == SimDisk::Answer::failed) {
        write_failed(reply.error);
    }
    return reply.answer == SimDisk::Answer::done;
}

/// QEMU's policy decides who learns of it.
void SimDomain::write_failed(DiskError error) {
    const auto spec = std::ranges::find(spec_.disks, load_->order.spec.disk, &DiskSpec::name);
    const auto& policy = spec->werror;
    if (policy == "ignore") {
        return;
    }
    if (policy == "stop" || (policy == "enospc" && error == DiskError::no_space)) {
        vcpus_run_ = false;
        held_by_disk_ = true;
        set_cpu_load();
        if (libvirt_looks_) {
            on_event.call({.domain = name_, .event = "io_error", .detail = policy});
            learn(DomainState::paused, "ioerror", "suspended", "ioerror");
        }
        return;
    }
    load_->failed = true;
    say("I/O error, dev vda, sector 2048 op 0x1:(WRITE)");
    say("EXT3-fs (vda): Remounting filesystem read-only");
}

void SimDomain::set_cpu_load() {
    if (!qemu_) {
        return;
    }
    vcpu_time_ = vcpu_time();
    changed_cpu_ = cpu_time();
    vcpus_ran_ = vcpus_run_;
    double share = load_ ? load_cpu : idle_cpu;
    if (!vcpus_run_) {
        share = paused_cpu;
    } else if (kernel_ == Kernel::panicked || kernel_ == Kernel::hung) {
        share = spinning_cpu;
    }
    processes_->set_load(*qemu_, share);
}

void SimDomain::qemu_ended() {
    ++boot_;
    qemu_.reset();
    vcpus_run_ = false;
    kernel_ = Kernel::off;
    hello_.reset();
    load_.reset();
    later(monitor_latency, &SimDomain::end_noticed);
}

void SimDomain::end_noticed() {
    if (!libvirt_looks_ || known_.state == DomainState::shut_off) {
        return;
    }
    if (!end_reason_.empty()) {
        learn(DomainState::shut_off, end_reason_, "stopped", end_reason_);
    } else if (destroyed_) {
        learn(DomainState::shut_off, "destroyed", "stopped", "destroyed");
    } else {
        // libvirt's words for a monitor that closed without QEMU's farewell.
        learn(DomainState::shut_off, "crashed", "stopped", "failed");
    }
}

void SimDomain::learn(DomainState state,
                      std::string reason,
                      std::string event,
                      std::string detail) {
    known_ = {.state = state, .reason = std::move(reason)};
    on_event.call({.domain = name_, .event = std::move(event), .detail = std::move(detail)});
}

void SimDomain::libvirt_lost() {
    libvirt_looks_ = false;
    on_event.call({.domain = name_, .event = "connection_lost"});
}

void SimDomain::libvirt_back() {
    libvirt_looks_ = true;
    on_event.call({.domain = name_, .event = "connection_back"});
    if (!qemu_) {
        end_noticed();
    } else if (pvpanic_fired_ && known_.state != DomainState::crashed) {
        learn(DomainState::crashed, "panicked", "crashed", "panicked");
    }
}

}  // namespace ordeal
