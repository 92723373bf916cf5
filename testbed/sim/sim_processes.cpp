#include "testbed/sim/sim_processes.hpp"

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration death = 1ms;
constexpr Duration tick = 10ms;     // proc(5) counts in ticks of 1/100 s
constexpr Duration period = 100ms;  // in which a control group's processor time is counted

}  // namespace

ProcessRef SimProcesses::launch(std::function<void()> on_end) {
    const ProcessRef ref{.pid = ++last_pid_,
                         .start_ticks = static_cast<std::uint64_t>(agenda_.now() / tick)};
    processes_[ref.pid] = {.ref = ref, .counted_to = agenda_.now(), .on_end = std::move(on_end)};
    return ref;
}

void SimProcesses::end(const ProcessRef& process) {
    if (has(process)) {
        const auto ended = processes_.extract(process.pid);
        ended.mapped().on_end();
        agenda_.scheduler().notify();
    }
}

void SimProcesses::end_all() {
    while (!processes_.empty()) {
        end(processes_.begin()->second.ref);
    }
}

void SimProcesses::set_load(const ProcessRef& process, double share) {
    if (auto* found = find(process)) {
        count(*found);
        found->share = share;
    }
}

void SimProcesses::signal(const ProcessRef& process, Signal signal) {
    auto* found = find(process);
    if (found == nullptr) {
        return;
    }
    count(*found);
    switch (signal) {
        case Signal::stop:
            found->stopped = true;
            return;
        case Signal::cont:
            found->stopped = false;
            return;
        case Signal::term:
        case Signal::abort:
        case Signal::segv:
            if (found->stopped) {
                return;
            }
            [[fallthrough]];
        case Signal::kill:
            agenda_.after(death, [this, process] { end(process); });
            return;
    }
}

bool SimProcesses::stopped(const ProcessRef& process) const {
    const auto* found = find(process);
    return found != nullptr &&
           (found->stopped || (found->confinement && found->confinement->frozen));
}

void SimProcesses::confine(const ProcessRef& process, const Confinement& confinement) {
    if (auto* found = find(process)) {
        count(*found);
        found->confinement = confinement;
        found->confined_since = agenda_.now();
    }
}

void SimProcesses::release(const ProcessRef& process) {
    if (auto* found = find(process)) {
        count(*found);
        found->confinement.reset();
    }
}

Result<Confined> SimProcesses::confined(const ProcessRef& process) const {
    const auto* found = find(process);
    if (found == nullptr || !found->confinement) {
        return fail(ErrorKind::not_found,
                    "look at process " + std::to_string(process.pid),
                    "it is not confined");
    }
    const auto& limits = *found->confinement;
    const bool waits = !limits.frozen && found->share > limits.processors;
    const auto periods = (agenda_.now() - found->confined_since) / period;
    return Confined{.frozen = limits.frozen,
                    .throttled = waits ? static_cast<std::uint64_t>(periods) : 0};
}

Result<ProcessStatus> SimProcesses::status(const ProcessRef& process) const {
    const auto* found = find(process);
    if (found == nullptr) {
        return fail(ErrorKind::not_found,
                    "look at process " + std::to_string(process.pid),
                    "there is no such process");
    }
    return ProcessStatus{.state = found->stopped ? 'T' : 'S',
                         .cpu_time = cpu_time(*found) / tick * tick};
}

const SimProcesses::Process* SimProcesses::find(const ProcessRef& process) const {
    const auto found = processes_.find(process.pid);
    const bool same =
        found != processes_.end() && found->second.ref.start_ticks == process.start_ticks;
    return same ? &found->second : nullptr;
}

SimProcesses::Process* SimProcesses::find(const ProcessRef& process) {
    return const_cast<Process*>(std::as_const(*this).find(process));
}

Duration SimProcesses::cpu_time(const Process& process) const {
    const auto since = agenda_.now() - process.counted_to;
    double share = process.stopped ? 0 : process.share;
    if (process.confinement) {
        share = process.confinement->frozen ? 0 : std::min(share, process.confinement->processors);
    }
    return process.cpu_time +
           Duration(static_cast<Duration::rep>(static_cast<double>(since.count()) * share));
}

void SimProcesses::count(Process& process) const {
    process.cpu_time = cpu_time(process);
    process.counted_to = agenda_.now();
}

}  // namespace ordeal
