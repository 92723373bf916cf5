#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {
namespace {

Status answers_before(InjectorContext& context, const GuestFacts& /*facts*/, Fault& fault) {
    const auto echo = context.guest->ping(std::chrono::seconds(2));
    return echo ? ok()
                : Status(fail(ErrorKind::refused,
                              "prepare " + fault.kind,
                              "no echo comes from the guest before it"));
}

}  // namespace

std::unique_ptr<Injector> guest_link_down() {
    return make_guest_fault(
        {.order = "link_down", .observe = observe_cut_network, .remember = answers_before});
}

}  // namespace ordeal::injectors
