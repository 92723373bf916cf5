#include "injectors/machine_fault.hpp"
#include "injectors/unplug.hpp"

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration card_echo_deadline = 400ms;

Result<Observation> without_network(InjectorContext& context, const Fault& fault) {
    const auto life = watch_life(context, fault, silence_span);
    if (!life) {
        return life.error();
    }
    if (life->beats == 0) {
        return Observation{Presence::unknown, "the guest is silent on its agent's link, too"};
    }
    const bool answers = context.guest->ping(card_echo_deadline).has_value();
    return Observation{answers ? Presence::absent : Presence::active,
                       answers ? "an echo comes from the guest"
                               : "no echo comes from the guest, whose agent beats on its own link"};
}

}  // namespace

std::unique_ptr<Injector> domain_nic_unplug() {
    return make_unplug(DeviceKind::network_card, without_network);
}

}  // namespace ordeal::injectors
