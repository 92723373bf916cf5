#include "probes/common.hpp"

namespace ordeal::probes {
namespace {

class HttpGet final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        ServerLook server;
        watch_looks(context, stop, "answers", [&](Duration deadline) {
            return server.judge(context, look(context, deadline));
        });
    }

  private:
    static Result<Look> look(ProbeContext& context, Duration deadline) {
        const auto port = static_cast<std::uint16_t>(context.params.get<std::int64_t>("port"));
        const auto path = context.params.get<std::string>("path");
        const auto line =
            context.guest.ask(port, "GET " + path + " HTTP/1.0\r\nHost: guest\r\n\r\n", deadline);
        if (!line) {
            return line.error();
        }
        // "HTTP/1.0 200 OK", RFC 9112
        const bool good = line->starts_with("HTTP/") && line->find(" 2") == line->find(' ');
        return Look{good ? Opinion::alive : Opinion::dead,
                    good ? "serves" : "answers with an error",
                    {{"answer", *line}}};
    }
};

}  // namespace

std::unique_ptr<Probe> network_http() {
    return std::make_unique<HttpGet>();
}

}  // namespace ordeal::probes
