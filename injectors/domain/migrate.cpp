#include "injectors/common.hpp"
#include "injectors/other_host.hpp"

#include <algorithm>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_looks = 50ms;

class Migrate final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        return choose_other_host(context, fault);
    }

    /// Only orders it: it takes its time, and goes on beside what else happens.
    Status inject(InjectorContext& context, const Fault& fault) override {
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const Migration migration{.host = other_host(fault),
                                  .bandwidth = fault.params.get<Bytes>("bandwidth")};
        const auto ordered =
            (*host)->hypervisor().migrate(fault.target.domain, migration, order_time);
        const bool goes_on = !ordered && ordered.error().kind == ErrorKind::timeout;
        return goes_on ? ok() : ordered;
    }

    [[nodiscard]] Duration activation_time() const override { return 60s; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto seen = look(context, fault);
        if (!seen) {
            return seen.error();
        }
        const bool begun = fault.params.get<std::string>("until") == "begun";
        return Observation{
            seen->there && (begun || !seen->here) ? Presence::active : Presence::absent,
            words_for(*seen)};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        while (context.scheduler.now() + between_looks < context.deadline) {
            const auto seen = look(context, fault);
            if (!seen || !(seen->here && seen->there)) {
                break;
            }
            context.scheduler.wait_for(between_looks, {});
        }
        return ok();
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto seen = look(context, fault);
        if (!seen) {
            return Observation{Presence::unknown, seen.error().text()};
        }
        return Observation{seen->here && seen->there ? Presence::active : Presence::absent,
                           words_for(*seen)};
    }

  private:
    /// The order comes back once the domain has arrived; no later than this.
    static constexpr Duration order_time = 100ms;

    struct Seen {
        bool here = false;
        bool there = false;
    };

    static Result<Seen> look(InjectorContext& context, const Fault& fault) {
        const auto here = has_qemu(context, fault, fault.target.host);
        const auto there = has_qemu(context, fault, other_host(fault));
        if (!here || !there) {
            return here ? there.error() : here.error();
        }
        return Seen{*here, *there};
    }

    static std::string words_for(const Seen& seen) {
        if (seen.here && seen.there) {
            return "both hosts have a QEMU of it";
        }
        if (!seen.here && !seen.there) {
            return "no host has a QEMU of it";
        }
        return seen.here ? "it runs where it was" : "it runs on the other host alone";
    }
};

}  // namespace

std::unique_ptr<Injector> domain_migrate() {
    return std::make_unique<Migrate>();
}

}  // namespace ordeal::injectors
