#include "injectors/network_impairment.hpp"

#include <utility>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration long_patience = 2s;

std::string name_of_impairment(const Fault& fault) {
    return fault.undo.get<std::string>("impairment");
}

class Impaired final : public Injector {
  public:
    explicit Impaired(NetworkImpairment what) : what_(what) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        const auto network = context.testbed.network();
        if (!network) {
            return network.error();
        }
        if (auto can = (*network)->can_impair(what_.impairment(fault.params)); !can) {
            return can;
        }
        const auto before = what_.measure(context, **network, fault);
        if (!before) {
            return before.error();
        }
        if (!what_.usable(*before, fault.params)) {
            return fail(ErrorKind::refused,
                        "prepare " + fault.kind,
                        what_.words(*before) + " before it: it would not show");
        }
        fault.undo.set("before", *before);
        fault.undo.set("impairment", fault.id + "-" + fault.target.host);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        if (!network) {
            return network.error();
        }
        const auto plane = impaired_plane(fault);
        std::vector<Way> ways{{.plane = plane, .from = "", .to = fault.target.host}};
        if (what_.both_directions) {
            ways.push_back({.plane = plane, .from = fault.target.host, .to = ""});
        }
        return (*network)->impair(name_of_impairment(fault), ways, what_.impairment(fault.params));
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        const auto now = network ? what_.measure(context, **network, fault) : network.error();
        if (!now) {
            return now.error();
        }
        const auto before = fault.undo.get<double>("before");
        const bool shows = what_.shows(before, *now, fault.params);
        return Observation{shows ? Presence::active : Presence::absent,
                           what_.words(*now) + "; before it " + what_.words(before)};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        return network ? (*network)->mend(name_of_impairment(fault)) : Status(network.error());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        const auto there =
            network ? (*network)->is_cut(name_of_impairment(fault)) : network.error();
        if (!there || *there) {
            return Observation{there ? Presence::active : Presence::unknown,
                               there ? "the switch still has it" : there.error().text()};
        }
        const auto echo =
            (*network)->echo(impaired_plane(fault), "", fault.target.host, long_patience);
        return Observation{
            echo ? Presence::absent : Presence::unknown,
            echo ? "the switch has nothing of it, and an echo comes back" : echo.error().text()};
    }

  private:
    NetworkImpairment what_;
};

}  // namespace

Plane impaired_plane(const Fault& fault) {
    return plane_named(fault.params.get<std::string>("plane")).value_or(Plane::guest);
}

std::unique_ptr<Injector> make_network_impairment(NetworkImpairment what) {
    return std::make_unique<Impaired>(what);
}

}  // namespace ordeal::injectors
