#include "probes/common.hpp"

namespace ordeal::probes {
namespace {

class Heartbeat final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        watch_heartbeat(context, stop, [&](auto callback) {
            return context.guest.on_beat(std::move(callback));
        });
    }
};

}  // namespace

std::unique_ptr<Probe> agent_heartbeat() {
    return std::make_unique<Heartbeat>();
}

}  // namespace ordeal::probes
