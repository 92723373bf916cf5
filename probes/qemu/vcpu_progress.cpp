#include "probes/common.hpp"

#include <numeric>

namespace ordeal::probes {
namespace {

class VcpuProgress final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        Spent last;
        Rhythm rhythm(context);
        std::optional<Instant> last_seen;
        do {
            const auto seen = look(context, last);
            if (seen.opinion == Opinion::alive && last.standstill == 0) {
                last_seen = context.scheduler.now();
            }
            context.observer.saw(seen.opinion, seen.detail, last_seen, seen.facts);
        } while (rhythm.wait(stop));
    }

  private:
    struct Spent {
        std::int64_t pid = 0;
        Duration time{};
        std::int64_t standstill = 0;  ///< looks in a row since which nothing was used
    };

    static Look look(ProbeContext& context, Spent& last) {
        const auto process = context.host.qemu_process(context.domain);
        const auto times = process ? context.host.vcpu_times(*process)
                                   : Result<std::vector<Duration>>(process.error());
        if (!times) {
            if (times.error().kind == ErrorKind::not_found) {
                return {Opinion::dead, "no QEMU process", {}};
            }
            context.observer.failed(times.error());
            return {Opinion::unknown, "cannot look", {}};
        }
        const auto total = std::accumulate(times->begin(), times->end(), Duration{});
        const bool moves = process->pid != last.pid || total > last.time;
        last = {process->pid, total, moves ? 0 : last.standstill + 1};
        const auto threshold = context.params.get<std::int64_t>("threshold");
        const bool dead = last.standstill >= threshold;
        return {dead ? Opinion::dead : Opinion::alive,
                dead ? "the guest uses no CPU time" : "the guest is executed",
                {{"cpu_time", total}, {"standstill", last.standstill}}};
    }
};

}  // namespace

std::unique_ptr<Probe> qemu_vcpu_progress() {
    return std::make_unique<VcpuProgress>();
}

}  // namespace ordeal::probes
