#include "probes/event_feed.hpp"

namespace ordeal::probes {
namespace {

class Watchdog final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        watch_event(context, stop, "watchdog", {"resumed", "reboot"});
    }
};

}  // namespace

std::unique_ptr<Probe> libvirt_watchdog() {
    return std::make_unique<Watchdog>();
}

}  // namespace ordeal::probes
