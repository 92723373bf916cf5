// What the simulated agent does to its own guest.
#include "testbed/sim/sim_domain.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration default_hold = 60s;
constexpr Duration memory_time = 200ms;  // until all of it is used up
constexpr std::array<std::string_view, 16> held_kinds{"agent_kill",
                                                      "agent_stop",
                                                      "clock_skew",
                                                      "clock_step",
                                                      "clocksource",
                                                      "cpu_hog",
                                                      "disk_full",
                                                      "fork_bomb",
                                                      "fs_freeze",
                                                      "fs_readonly",
                                                      "io_hog",
                                                      "link_down",
                                                      "memory_hog",
                                                      "oom",
                                                      "service_hang",
                                                      "service_kill"};

}  // namespace

Status SimDomain::make_fault(const std::string& kind, const Fields& params) {
    const auto tried = "order " + kind + " in " + name_;
    if (kind == "panic") {
        panic();
        return ok();
    }
    if (kind == "hang") {
        hang();
        return ok();
    }
    if (kind == "reboot") {
        boot();
        return ok();
    }
    if (std::ranges::find(held_kinds, kind) == held_kinds.end() || holds(kind)) {
        return fail(ErrorKind::refused, tried, holds(kind) ? "it is there" : "there is none such");
    }
    const auto since = agenda_.now();
    held_[kind] = {.params = params, .since = since};
    agent_runs_ = agent_runs_ && kind != "agent_kill";
    service_killed_ = service_killed_ || kind == "service_kill";
    if (!agent_runs_) {
        load_.reset();
    }
    const auto still = [weak = weak_from_this(), boot = boot_, kind, since] {
        auto self = weak.lock();
        if (self && self->boot_ == boot) {
            const auto held = self->held_.find(kind);
            if (held != self->held_.end() && held->second.since == since) {
                return self;
            }
        }
        return std::shared_ptr<SimDomain>();
    };
    agenda_.after(params.get<Duration>("at_most", default_hold), [still, kind] {
        if (const auto self = still()) {
            self->end_fault(kind);
        }
    });
    if (kind == "oom") {
        agenda_.after(memory_time, [still] {
            if (const auto self = still()) {
                ++self->oom_kills_;
            }
        });
    }
    return ok();
}

void SimDomain::end_fault(const std::string& kind) {
    if (held_.erase(kind) != 0 && kind == "agent_kill") {
        agent_runs_ = true;
    }
}

GuestFacts SimDomain::facts() const {
    constexpr auto mebibyte = std::uint64_t{1} << 20U;
    const auto number = [this](const char* kind, const char* name) {
        const auto held = held_.find(kind);
        return held == held_.end() ? std::int64_t{0} : held->second.params.get<std::int64_t>(name);
    };
    GuestFacts facts{.runnable = 1,
                     .memory_available = Bytes{100 * mebibyte},
                     .disk_free = Bytes{50 * mebibyte},
                     .disk_read_only = holds("fs_readonly"),
                     .clocksource = holds("clocksource") ? "other" : "tsc",
                     .clock_tick_us = 10'000 + number("clock_skew", "ppm") / 100,
                     .oom_kills = oom_kills_,
                     .nmis = nmis_};
    for (const auto& [kind, held] : held_) {
        const auto age = agenda_.now() - held.since;
        facts.faults.push_back(kind);
        facts.fault_processes += 2;  // the helper and what it started
        facts.fault_cpu_time += kind == "cpu_hog" ? age : Duration{};
        facts.fault_written.count +=
            kind == "io_hog" ? static_cast<std::uint64_t>(age / 1us) * 10 : 0;
    }
    facts.fault_processes += number("fork_bomb", "processes");
    facts.runnable +=
        holds("cpu_hog") ? std::max<std::int64_t>(1, number("cpu_hog", "workers")) : 0;
    if (const auto hog = held_.find("memory_hog"); hog != held_.end()) {
        facts.memory_available = hog->second.params.get<Bytes>("leave");
    }
    if (holds("disk_full")) {
        facts.disk_free = {};
    }
    return facts;
}

Duration SimDomain::clock_ahead() const {
    Duration ahead{};
    if (const auto step = held_.find("clock_step"); step != held_.end()) {
        ahead += step->second.params.get<Duration>("by");
    }
    if (const auto skew = held_.find("clock_skew"); skew != held_.end()) {
        const auto since = agenda_.now() - skew->second.since;
        ahead += since / 1'000'000 * skew->second.params.get<std::int64_t>("ppm");
    }
    return ahead;
}

void SimDomain::nmi() {
    if (guest_lives()) {
        ++nmis_;
        say("Uhhuh. NMI received for unknown reason 30 on CPU 0.");
    }
}

}  // namespace ordeal
