#include "injectors/common.hpp"
#include "injectors/disk_fault.hpp"

namespace ordeal::injectors {
namespace {

class Cut final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return remember_server(context, fault);
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return signal_remembered(context, fault, stops(fault) ? Signal::stop : Signal::kill);
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        if (!stops(fault)) {
            return observe_gone(context, fault);
        }
        const auto status = look_at_remembered(context, fault);
        if (!status) {
            return status.error();
        }
        return Observation{status->state == 'T' ? Presence::active : Presence::absent,
                           std::string("the server is in state ") + status->state};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        if (stops(fault)) {
            const auto gone_on = signal_remembered(context, fault, Signal::cont);
            if (!gone_on && gone_on.error().kind != ErrorKind::not_found) {
                return gone_on;
            }
        }
        return bring_server_back(context, fault);
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        return residue_of_server(context, fault);
    }

  private:
    static bool stops(const Fault& fault) { return fault.params.get<std::string>("how") == "stop"; }
};

}  // namespace

std::unique_ptr<Injector> storage_cut() {
    return std::make_unique<Cut>();
}

}  // namespace ordeal::injectors
