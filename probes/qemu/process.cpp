#include "probes/common.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace ordeal::probes {
namespace {

class Process final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        Rhythm rhythm(context);
        Progress progress;
        do {
            look(context, progress);
        } while (rhythm.wait(stop));
    }

  private:
    struct Progress {
        std::int64_t pid = 0;
        Duration cpu_time{};
        Instant looked{};
        Instant moved{};    ///< when CPU time was last seen to have grown
        Instant stopped{};  ///< when it was last seen stopped: until then it could not use any
        std::optional<Instant> last_seen;
    };

    static void look(ProbeContext& context, Progress& progress) {
        const auto process = context.host.qemu_process(context.domain);
        if (!process) {
            say_error(context, progress, process.error());
            return;
        }
        const auto status = context.host.process_status(*process);
        if (!status) {
            say_error(context, progress, status.error());
            return;
        }
        const auto now = context.scheduler.now();
        if (process->pid != progress.pid) {
            progress = {.pid = process->pid,
                        .cpu_time = status->cpu_time,
                        .looked = now,
                        .moved = now,
                        .last_seen = progress.last_seen};
        }
        Fields facts{{"state", std::string(1, status->state)},
                     {"pid", process->pid},
                     {"cpu_time", status->cpu_time}};
        if (now > progress.looked) {
            facts.set(
                "cpu_share",
                seconds(status->cpu_time - progress.cpu_time) / seconds(now - progress.looked));
        }
        if (status->cpu_time > progress.cpu_time) {
            progress.moved = now;
        }
        progress.cpu_time = status->cpu_time;
        progress.looked = now;
        const auto standstill = context.params.get<Duration>("standstill");
        if (status->state == 'T' || status->state == 't') {
            progress.stopped = now;
            context.observer.saw(
                Opinion::dead, "stopped by a signal", progress.last_seen, std::move(facts));
        } else if (now - std::max(progress.moved, progress.stopped) >= standstill) {
            context.observer.saw(Opinion::dead,
                                 "used no CPU time for " + to_text(standstill),
                                 progress.last_seen,
                                 std::move(facts));
        } else {
            progress.last_seen = progress.moved;
            context.observer.saw(Opinion::alive, "runs", progress.last_seen, std::move(facts));
        }
    }

    static void say_error(ProbeContext& context, const Progress& progress, const Error& error) {
        if (error.kind == ErrorKind::not_found) {
            context.observer.saw(Opinion::dead,
                                 "no QEMU process",
                                 progress.last_seen,
                                 {{"state", std::string("gone")}});
        } else {
            context.observer.failed(error);
            context.observer.saw(Opinion::unknown, "cannot look", progress.last_seen);
        }
    }
};

}  // namespace

std::unique_ptr<Probe> qemu_process() {
    return std::make_unique<Process>();
}

}  // namespace ordeal::probes
