#include "probes/event_feed.hpp"

namespace ordeal::probes {
namespace {

class IoErrors final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        watch_event(context, stop, "io_error", {"resumed"});
    }
};

}  // namespace

std::unique_ptr<Probe> libvirt_io_errors() {
    return std::make_unique<IoErrors>();
}

}  // namespace ordeal::probes
