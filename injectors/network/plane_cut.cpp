#include "injectors/network_cut.hpp"

#include <vector>

namespace ordeal::injectors {
namespace {

Plane plane_of(const Fault& fault) {
    return plane_named(fault.params.get<std::string>("plane")).value_or(Plane::management);
}

std::vector<Way> ways_of(const Fault& fault) {
    const auto& host = fault.target.host;
    const auto direction = fault.params.get<std::string>("direction");
    std::vector<Way> ways;
    if (direction != "in") {
        ways.push_back({.plane = plane_of(fault), .from = host, .to = ""});
    }
    if (direction != "out") {
        ways.push_back({.plane = plane_of(fault), .from = "", .to = host});
    }
    return ways;
}

/// An echo needs both directions.
std::vector<Witness> witnesses_of(const Fault& fault) {
    return {{.plane = plane_of(fault), .from = "", .to = fault.target.host}};
}

class PlaneCut final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return prepare_cut(context, fault, witnesses_of(fault));
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return inject_cut(context, fault, ways_of(fault));
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        return observe_cut(context, witnesses_of(fault));
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        return mend_cut(context, fault);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_cut(context, fault, witnesses_of(fault));
    }
};

}  // namespace

std::unique_ptr<Injector> network_plane_cut() {
    return std::make_unique<PlaneCut>();
}

}  // namespace ordeal::injectors
