#include "probes/common.hpp"

namespace ordeal::probes {
namespace {

class Ping final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        watch_looks(context, stop, "echoes", [&](Duration deadline) -> Result<Look> {
            const auto echo = context.guest.ping(deadline);
            if (!echo) {
                return echo.error();
            }
            return Look{Opinion::alive, "echo", {{"round_trip", *echo}}};
        });
    }
};

}  // namespace

std::unique_ptr<Probe> network_ping() {
    return std::make_unique<Ping>();
}

}  // namespace ordeal::probes
