#include "injectors/network_cut.hpp"

#include <fmt/format.h>
#include <utility>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

/// Echoes take some hundred microseconds; a machine that is busy with guests may take longer.
constexpr Duration patience = 400ms;
constexpr Duration long_patience = 2s;

std::string name_of_cut(const Fault& fault) {
    return fault.undo.get<std::string>("cut");
}

std::string words_for(const Witness& witness) {
    return fmt::format("from {} to {} over {}",
                       witness.from.empty() ? "the controller" : witness.from,
                       witness.to,
                       name_of(witness.plane));
}

/// Whether the witness has a way; an error when nobody could look.
Result<bool> has_way(Network& network, const Witness& witness, Duration deadline) {
    const auto echo = network.echo(witness.plane, witness.from, witness.to, deadline);
    if (!echo && echo.error().kind != ErrorKind::timeout) {
        return echo.error();
    }
    return echo.has_value();
}

class Cut final : public Injector {
  public:
    explicit Cut(NetworkCut cut) : cut_(cut) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        const auto network = context.testbed.network();
        if (!network) {
            return network.error();
        }
        if (cut_.complete != nullptr) {
            if (auto completed = cut_.complete(context, fault); !completed) {
                return completed;
            }
        }
        for (const auto& witness : cut_.witnesses(fault)) {
            const auto way = has_way(**network, witness, long_patience);
            if (!way || !*way) {
                return way ? Status(fail(ErrorKind::refused,
                                         "prepare " + fault.kind,
                                         "no echo comes " + words_for(witness) + " before the cut"))
                           : Status(way.error());
            }
        }
        fault.undo.set("cut", fault.id + "-" + fault.target.host);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        return network ? (*network)->cut(name_of_cut(fault), cut_.ways(fault))
                       : Status(network.error());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        if (!network) {
            return network.error();
        }
        std::string silent;
        for (const auto& witness : cut_.witnesses(fault)) {
            const auto way = has_way(**network, witness, patience);
            if (!way) {
                return way.error();
            }
            if (*way) {
                return Observation{Presence::absent, "an echo comes " + words_for(witness)};
            }
            silent += (silent.empty() ? "no echo " : ", ") + words_for(witness);
        }
        return Observation{Presence::active, silent};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        return network ? (*network)->mend(name_of_cut(fault)) : Status(network.error());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto network = context.testbed.network();
        const auto cut = network ? (*network)->is_cut(name_of_cut(fault)) : network.error();
        if (!cut) {
            return Observation{Presence::unknown, cut.error().text()};
        }
        if (*cut) {
            return Observation{Presence::active, "frames are still dropped"};
        }
        for (const auto& witness : cut_.witnesses(fault)) {
            const auto way = has_way(**network, witness, long_patience);
            if (!way || !*way) {
                return Observation{Presence::unknown,
                                   way ? "no echo " + words_for(witness) : way.error().text()};
            }
        }
        return Observation{Presence::absent, "nothing is dropped, and echoes come back"};
    }

  private:
    NetworkCut cut_;
};

}  // namespace

std::unique_ptr<Injector> make_network_cut(NetworkCut cut) {
    return std::make_unique<Cut>(cut);
}

}  // namespace ordeal::injectors
