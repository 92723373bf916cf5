#include "probes/event_feed.hpp"

namespace ordeal::probes {
namespace {

class Panic final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        watch_event(context, stop, "crashed", {});
    }
};

}  // namespace

std::unique_ptr<Probe> libvirt_panic() {
    return std::make_unique<Panic>();
}

}  // namespace ordeal::probes
