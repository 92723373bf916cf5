#include "probes/common.hpp"

#include <optional>

namespace ordeal::probes {
namespace {

class State final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        Rhythm rhythm(context);
        std::optional<Instant> last_seen;
        do {
            const auto status = context.host.hypervisor().state(context.domain);
            if (status) {
                const auto opinion = opinion_of(status->state);
                if (opinion == Opinion::alive) {
                    last_seen = context.scheduler.now();
                }
                context.observer.saw(opinion, text_of(*status), last_seen, facts_of(*status));
            } else {
                context.observer.failed(status.error());
                context.observer.saw(Opinion::unknown, "libvirt does not answer", last_seen);
            }
        } while (rhythm.wait(stop));
    }
};

}  // namespace

std::unique_ptr<Probe> libvirt_state() {
    return std::make_unique<State>();
}

}  // namespace ordeal::probes
