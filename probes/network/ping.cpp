#include "probes/common.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace ordeal::probes {
namespace {

class Ping final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        const auto interval = context.params.get<Duration>("interval");
        const auto deadline = std::min(context.params.get<Duration>("deadline"), interval);
        const auto threshold = context.params.get<std::int64_t>("threshold");
        Rhythm rhythm(context);
        std::optional<Instant> last_seen;
        std::int64_t missed = 0;
        do {
            const auto sent = context.scheduler.now();
            const auto echo = context.guest.ping(deadline);
            if (echo) {
                missed = 0;
                last_seen = sent + *echo;
                context.observer.saw(Opinion::alive, "echo", last_seen, {{"round_trip", *echo}});
            } else if (echo.error().kind != ErrorKind::timeout) {
                context.observer.failed(echo.error());
                context.observer.saw(Opinion::unknown, "cannot ask", last_seen);
            } else if (++missed >= threshold) {
                context.observer.saw(Opinion::dead,
                                     std::to_string(threshold) + " echoes missed",
                                     last_seen,
                                     {{"missed", missed}});
            } else {
                context.observer.saw(last_seen ? Opinion::alive : Opinion::unknown,
                                     last_seen ? "echo" : "no echo yet",
                                     last_seen,
                                     {{"missed", missed}});
            }
        } while (rhythm.wait(stop));
    }
};

}  // namespace

std::unique_ptr<Probe> network_ping() {
    return std::make_unique<Ping>();
}

}  // namespace ordeal::probes
