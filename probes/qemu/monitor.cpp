#include "probes/common.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ordeal::probes {
namespace {

/// RunState of QEMU 7.2 in which the guest is executed or is about to be, or is on its way.
constexpr std::array<std::string_view, 1> executing{"running"};
constexpr std::array<std::string_view, 8> under_way{"prelaunch",
                                                    "inmigrate",
                                                    "finish-migrate",
                                                    "postmigrate",
                                                    "restore-vm",
                                                    "save-vm",
                                                    "preconfig",
                                                    "debug"};

Opinion opinion_of_run_state(const std::string& state) {
    const auto one_of = [&](const auto& states) {
        return std::ranges::find(states, state) != states.end();
    };
    return one_of(executing)   ? Opinion::alive
           : one_of(under_way) ? Opinion::unknown
                               : Opinion::dead;
}

class Monitor final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        watch_looks(context, stop, "answers", [&](Duration deadline) -> Result<Look> {
            const auto state = context.host.run_state(context.domain, deadline);
            if (state) {
                return Look{opinion_of_run_state(*state), *state, {{"run_state", *state}}};
            }
            if (state.error().kind == ErrorKind::not_found) {
                return Look{Opinion::dead, "no QEMU has its monitor open", {}};
            }
            return state.error();
        });
    }
};

}  // namespace

std::unique_ptr<Probe> qemu_monitor() {
    return std::make_unique<Monitor>();
}

}  // namespace ordeal::probes
