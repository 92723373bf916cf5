#include "probes/common.hpp"

namespace ordeal::probes {
namespace {

class TcpConnect final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        ServerLook server;
        watch_looks(context, stop, "connections", [&](Duration deadline) {
            return server.judge(context, look(context, deadline));
        });
    }

  private:
    static Result<Look> look(ProbeContext& context, Duration deadline) {
        const auto port = static_cast<std::uint16_t>(context.params.get<std::int64_t>("port"));
        const auto took = context.guest.connect(port, deadline);
        if (!took) {
            return took.error();
        }
        return Look{Opinion::alive, "connects", {{"took", *took}}};
    }
};

}  // namespace

std::unique_ptr<Probe> network_tcp() {
    return std::make_unique<TcpConnect>();
}

}  // namespace ordeal::probes
