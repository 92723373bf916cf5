#include "probes/common.hpp"

namespace ordeal::probes {
namespace {

class GuestAgent final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        bool answered = false;
        watch_looks(context, stop, "answers", [&](Duration deadline) {
            const auto answer =
                context.host.hypervisor().ping_guest_agent(context.domain, deadline);
            answered = answered || answer;
            return look(context, answer, answered);
        });
    }

  private:
    static Result<Look> look(ProbeContext& context, const Status& answer, bool answered) {
        if (answer) {
            return Look{Opinion::alive, "answers", {}};
        }
        const auto kind = answer.error().kind;
        if (kind == ErrorKind::refused || kind == ErrorKind::not_found) {
            return Look{Opinion::dead, "libvirt says that it does not run", {}};
        }
        if (kind == ErrorKind::timeout && !answered) {
            context.observer.failed(answer.error());
            return Look{Opinion::unknown, "it has not answered yet", {}};
        }
        return answer.error();
    }
};

}  // namespace

std::unique_ptr<Probe> libvirt_guest_agent() {
    return std::make_unique<GuestAgent>();
}

}  // namespace ordeal::probes
