#pragma once

#include "core/injector.hpp"
#include "core/schema.hpp"
#include "injectors/catalogue.hpp"
#include "tests/sim/sim_fixture.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace ordeal {

/// One fault against the simulated domain "vm" of the host n1, step by step as the runner goes.
class InjectorFixture : public SimFixture {
    template <class Step>
    auto with_doors(Step step) {
        const auto token = stop.get_token();
        InjectorContext context{.testbed = testbed,
                                .scheduler = scheduler,
                                .stop = token,
                                .guest = guest,
                                .deadline = scheduler.now() + step_deadline,
                                .met = &met};
        return step(context);
    }

    template <class Step>
    auto in_fresh_process(Step step) {
        SimTestbed fresh(world);
        const Fault written = fault;
        const auto token = stop.get_token();
        InjectorContext context{.testbed = fresh,
                                .scheduler = scheduler,
                                .stop = token,
                                .deadline = scheduler.now() + step_deadline};
        return step(context, written);
    }

  public:
    static constexpr Duration step_deadline = std::chrono::seconds(15);

    explicit InjectorFixture(std::string_view kind,
                             const DomainSpec& spec = vm_with_disk(),
                             const std::vector<std::string>& hosts = {"n1", "n2"})
        : SimFixture(spec, hosts), injector(make(kind)) {
        fault.id = kind;
        fault.kind = kind;
        fault.target = {.host = "n1", .domain = domain};
        fault.params = defaults_of(kind);
    }

    Status prepare() {
        return with_doors([&](auto& c) { return injector->prepare(c, fault); });
    }

    Status inject() {
        return with_doors([&](auto& c) { return injector->inject(c, fault); });
    }

    Result<Observation> look() {
        return with_doors([&](auto& c) { return injector->observe(c, fault); });
    }

    /// As the runner does: looks again until it is active, or two seconds have gone, or as much
    /// more as the fault asks for.
    Presence observe() {
        const auto asked = injector->activation_time();
        const Duration usual = std::chrono::seconds(5);
        const auto end = scheduler.now() + (asked > usual ? asked : std::chrono::seconds(2));
        auto presence = Presence::unknown;
        while (scheduler.now() < end && presence != Presence::active) {
            const auto seen = look();
            presence = seen ? seen->presence : Presence::unknown;
            pass(std::chrono::milliseconds(20));
        }
        return presence;
    }

    /// Heals as a rollback does: another testbed, the fault as the journal holds it, no doors.
    Status heal() {
        return in_fresh_process([&](auto& c, auto& f) { return make(f.kind)->heal(c, f); });
    }

    Presence residue() {
        const auto seen =
            in_fresh_process([&](auto& c, auto& f) { return make(f.kind)->residue(c, f); });
        return seen ? seen->presence : Presence::unknown;
    }

    /// How many writes are acknowledged while `span` passes.
    int written_in(Duration span) {
        int written = 0;
        const auto heard = guest->on_acknowledged([&](const Acknowledged&) { ++written; });
        pass(span);
        return written;
    }

    static Params defaults_of(std::string_view kind) {
        Params params;
        for (const auto& row : injectors::catalogue()) {
            Diagnostics wrong;
            const auto info = parse_schema(EntryRole::fault, row.kind, row.toml, wrong);
            for (const auto& spec :
                 row.kind == kind && info ? info->params : std::vector<ParamSpec>{}) {
                if (spec.fallback) {
                    params.set(spec.name, *spec.fallback);
                }
            }
        }
        return params;
    }

    static std::unique_ptr<Injector> make(std::string_view kind) {
        for (const auto& row : injectors::catalogue()) {
            if (row.kind == kind) {
                return row.make();
            }
        }
        return nullptr;
    }

    std::unique_ptr<Injector> injector;
    Fault fault;
    Fields met;
};

}  // namespace ordeal
