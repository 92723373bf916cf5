#include "injectors/common.hpp"

#include <atomic>
#include <string>

namespace ordeal::injectors {
namespace {

std::string words_for(const Fault& fault) {
    return "process " + std::to_string(fault.undo.get<std::int64_t>("pid"));
}

}  // namespace

Result<Host*> host_of(InjectorContext& context, const Fault& fault) {
    return context.testbed.host(fault.target.host);
}

void remember(Fields& undo, const ProcessRef& process) {
    undo.set("pid", process.pid);
    undo.set("start_ticks", static_cast<std::int64_t>(process.start_ticks));
}

Result<ProcessRef> remembered(const Fault& fault) {
    const auto pid = fault.undo.get<std::int64_t>("pid");
    const auto start_ticks = fault.undo.get<std::int64_t>("start_ticks");
    if (pid <= 1 || start_ticks < 0) {
        return fail(ErrorKind::corrupt, "read the undo data of " + fault.id, "it names no process");
    }
    return ProcessRef{.pid = pid, .start_ticks = static_cast<std::uint64_t>(start_ticks)};
}

Status remember_qemu(InjectorContext& context, Fault& fault) {
    auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    auto process = (*host)->qemu_process(fault.target.domain);
    if (!process) {
        return process.error();
    }
    remember(fault.undo, *process);
    return ok();
}

Status signal_remembered(InjectorContext& context, const Fault& fault, Signal signal) {
    auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    const auto process = remembered(fault);
    return process ? (*host)->signal(*process, signal) : Status(process.error());
}

Result<ProcessStatus> look_at_remembered(InjectorContext& context, const Fault& fault) {
    auto host = host_of(context, fault);
    if (!host) {
        return host.error();
    }
    const auto process = remembered(fault);
    return process ? (*host)->process_status(*process) : process.error();
}

Result<Observation> observe_gone(InjectorContext& context, const Fault& fault) {
    const auto words = words_for(fault);
    const auto status = look_at_remembered(context, fault);
    if (status) {
        return Observation{Presence::absent, words + " is there, state " + status->state};
    }
    if (status.error().kind == ErrorKind::not_found) {
        return Observation{Presence::active, words + " is gone from the process table"};
    }
    return status.error();
}

Result<Observation> residue_of_death(InjectorContext& context, const Fault& fault) {
    const auto words = words_for(fault);
    const auto status = look_at_remembered(context, fault);
    if (status && status->state == 'D') {
        return Observation{Presence::unknown, words + " is in state D and may still be dying"};
    }
    if (status) {
        return Observation{Presence::absent, words + " is there, state " + status->state};
    }
    if (status.error().kind == ErrorKind::not_found) {
        return Observation{Presence::absent, words + " is gone from the process table"};
    }
    return Observation{Presence::unknown, status.error().text()};
}

Result<Life> watch_life(InjectorContext& context, const Fault& fault, Duration span) {
    const auto tried = "look for signs of life of " + fault.target.domain;
    if (context.guest == nullptr) {
        return fail(ErrorKind::unavailable, tried, "the guest's doors are closed");
    }
    const auto end = context.scheduler.now() + span;
    if (end > context.deadline) {
        return fail(ErrorKind::timeout, tried, "less than " + to_text(span) + " left");
    }
    std::atomic<int> beats = 0;
    std::atomic<bool> panic_line = false;
    const auto beat_heard = context.guest->on_beat([&](const Beat&) {
        ++beats;
        context.scheduler.notify();
    });
    const auto line_heard = context.guest->on_console([&](Instant, const std::string& line) {
        panic_line = panic_line || line.find("Kernel panic - not syncing") != std::string::npos;
    });
    const auto before = look_at_remembered(context, fault);
    if (!before) {
        return before.error();
    }
    const auto beating = [&] { return beats > 0; };
    if (context.scheduler.wait_until(end, context.stop, beating) == Woken::stopped) {
        return fail(ErrorKind::unavailable, tried, "the trial was stopped");
    }
    const bool echo = beats == 0 && context.guest->ping(std::chrono::milliseconds(100)).has_value();
    const auto after = look_at_remembered(context, fault);
    if (!after) {
        return after.error();
    }
    return Life{.beats = beats,
                .echo = echo,
                .state = after->state,
                .cpu_time = after->cpu_time - before->cpu_time,
                .panic_line = panic_line};
}

}  // namespace ordeal::injectors
