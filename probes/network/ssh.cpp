#include "probes/common.hpp"

namespace ordeal::probes {
namespace {

class SshGreeting final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        ServerLook server;
        watch_looks(context, stop, "greetings", [&](Duration deadline) {
            return server.judge(context, look(context, deadline));
        });
    }

  private:
    static Result<Look> look(ProbeContext& context, Duration deadline) {
        const auto port = static_cast<std::uint16_t>(context.params.get<std::int64_t>("port"));
        const auto line = context.guest.ask(port, "", deadline);
        if (!line) {
            return line.error();
        }
        // RFC 4253, 4.2
        const bool good = line->starts_with("SSH-");
        return Look{good ? Opinion::alive : Opinion::dead,
                    good ? "greets" : "is no ssh server",
                    {{"answer", *line}}};
    }
};

}  // namespace

std::unique_ptr<Probe> network_ssh() {
    return std::make_unique<SshGreeting>();
}

}  // namespace ordeal::probes
