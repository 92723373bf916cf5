#include "probes/common.hpp"

#include <algorithm>

namespace ordeal::probes {
namespace {

class DiskProgress final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        std::vector<DiskQueue> last;
        std::int64_t stuck = 0;  // looks in a row at which a request waited since the look before
        watch_looks(context, stop, "answers", [&](Duration deadline) -> Result<Look> {
            auto queues = context.host.disk_queues(context.domain, deadline);
            if (!queues) {
                return without_queues(context, queues.error());
            }
            const bool stands = stands_still(last, *queues);
            stuck = stands ? stuck + 1 : 0;
            last = std::move(*queues);
            return judge(context, last, stuck);
        });
    }

  private:
    /// QEMU that is silent says nothing of its disks.
    static Result<Look> without_queues(ProbeContext& context, const Error& error) {
        if (error.kind == ErrorKind::not_found) {
            return Look{Opinion::dead, "no QEMU has its monitor open", {}};
        }
        context.observer.failed(error);
        return Look{Opinion::unknown, "QEMU cannot be asked", {}};
    }

    /// Whether one of the queues has requests and answered none of them.
    static bool stands_still(const std::vector<DiskQueue>& before,
                             const std::vector<DiskQueue>& now) {
        return before.size() == now.size() &&
               std::ranges::mismatch(before, now, [](const DiskQueue& a, const DiskQueue& b) {
                   return a.waiting == 0 || b.waiting == 0 || a.answered != b.answered;
               }).in1 != before.end();
    }

    static Look judge(ProbeContext& context,
                      const std::vector<DiskQueue>& queues,
                      std::int64_t stuck) {
        std::uint64_t waiting = 0;
        for (const auto& queue : queues) {
            waiting += queue.waiting;
        }
        const bool dead = stuck >= context.params.get<std::int64_t>("threshold");
        return {dead ? Opinion::dead : Opinion::alive,
                dead ? "requests wait and none is answered" : "no request is stuck",
                {{"waiting", static_cast<std::int64_t>(waiting)}}};
    }
};

}  // namespace

std::unique_ptr<Probe> qemu_disk_progress() {
    return std::make_unique<DiskProgress>();
}

}  // namespace ordeal::probes
