#include "injectors/migration_fault.hpp"

#include "injectors/machine_fault.hpp"

#include <algorithm>
#include <vector>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration between_target_looks = 20ms;
/// The order comes back once the domain has arrived; no later than this.
constexpr Duration order_comes_back = 100ms;
constexpr Duration stage_time = 30s;
/// Left of a step's time when its waiting ends.
constexpr Duration reserve = 1s;
constexpr Duration settling_time = 10s;
constexpr Duration echo_patience = 400ms;

std::string name_of_migration_cut(const Fault& fault) {
    return fault.id + "-" + fault.target.host;
}

class OfMigration final : public Injector {
  public:
    explicit OfMigration(MigrationFault kind) : kind_(kind) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        return choose_other_host(context, fault);
    }

    [[nodiscard]] Duration injection_time() const override { return stage_time; }

    Status inject(InjectorContext& context, const Fault& fault) override {
        if (kind_.set_stage != nullptr) {
            if (auto set = kind_.set_stage(context, fault); !set) {
                return set;
            }
        }
        auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const Migration migration{.host = other_host(fault),
                                  .bandwidth = fault.params.get<Bytes>("bandwidth"),
                                  .pause = kind_.pause};
        const auto ordered =
            (*host)->hypervisor().migrate(fault.target.domain, migration, order_comes_back);
        const bool goes_on = !ordered && ordered.error().kind == ErrorKind::timeout;
        if (!goes_on || kind_.set_stage != nullptr) {
            return goes_on ? ok() : ordered;
        }
        if (auto met = await_target(context, fault); !met) {
            return met;
        }
        context.scheduler.wait_for(fault.params.get<Duration>("after"), context.stop);
        if (context.struck != nullptr) {
            *context.struck = context.scheduler.now();
        }
        return kind_.strike != nullptr ? kind_.strike(context, fault) : ok();
    }

    [[nodiscard]] Duration activation_time() const override { return 30s; }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        if (kind_.set_stage == nullptr && !came_to_the_deed(context)) {
            return Observation{Presence::absent, "no migration was met"};
        }
        return kind_.observe(context, fault);
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        if (kind_.undo != nullptr) {
            if (auto undone = kind_.undo(context, fault); !undone) {
                return undone;
            }
        }
        const auto end =
            std::min(context.deadline - reserve, context.scheduler.now() + settling_time);
        auto seen = where_it_runs(context, fault);
        Status aborted = ok();
        while (seen && seen->here && seen->there && context.scheduler.now() < end) {
            aborted = give(context, fault, DomainOrder::abort_migration);
            context.scheduler.wait_for(between_target_looks, {});
            seen = where_it_runs(context, fault);
        }
        if (!seen || !(seen->here && seen->there)) {
            return seen ? ok() : Status(seen.error());
        }
        return aborted ? Status(fail(ErrorKind::timeout,
                                     "end the migration of " + fault.target.domain,
                                     "both hosts still have a QEMU of it"))
                       : aborted;
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto seen = where_it_runs(context, fault);
        const auto left =
            kind_.is_left != nullptr ? kind_.is_left(context, fault) : Result<bool>(false);
        if (!seen || !left) {
            return Observation{Presence::unknown, seen ? left.error().text() : seen.error().text()};
        }
        if (*left) {
            return Observation{Presence::active, "frames are still dropped"};
        }
        const bool both = seen->here && seen->there;
        return Observation{both ? Presence::active : Presence::absent,
                           both ? "both hosts have a QEMU of it" : "at most one host has a QEMU"};
    }

  private:
    static Status await_target(InjectorContext& context, const Fault& fault) {
        const auto other = context.testbed.host(other_host(fault));
        if (!other) {
            return other.error();
        }
        auto found = (*other)->qemu_process(fault.target.domain);
        const auto end = context.deadline - reserve;
        while (!found && found.error().kind == ErrorKind::not_found &&
               context.scheduler.now() < end) {
            if (context.scheduler.wait_for(between_target_looks, context.stop) == Woken::stopped) {
                break;
            }
            found = (*other)->qemu_process(fault.target.domain);
        }
        if (!found) {
            return fail(found.error().kind,
                        "meet the migration of " + fault.target.domain,
                        "no QEMU of it came up on " + other_host(fault));
        }
        if (context.met != nullptr) {
            remember(*context.met, *found);
        }
        return ok();
    }

    MigrationFault kind_;
};

/// The process that the injection met.
Result<ProcessStatus> look_at_target(InjectorContext& context, const Fault& fault) {
    const auto other = context.testbed.host(other_host(fault));
    if (!other) {
        return other.error();
    }
    const auto process = remembered({.id = fault.id, .undo = *context.met});
    return process ? (*other)->process_status(*process) : process.error();
}

}  // namespace

bool came_to_the_deed(const InjectorContext& context) {
    return context.met != nullptr && context.met->has("pid");
}

Result<WhereItRuns> where_it_runs(InjectorContext& context, const Fault& fault) {
    const auto here = has_qemu(context, fault, fault.target.host);
    const auto there = has_qemu(context, fault, other_host(fault));
    if (!here || !there) {
        return here ? there.error() : here.error();
    }
    return WhereItRuns{*here, *there};
}

std::unique_ptr<Injector> make_migration_fault(MigrationFault fault) {
    return std::make_unique<OfMigration>(fault);
}

Result<Observation> observe_stays(InjectorContext& context, const Fault& fault) {
    const auto target = look_at_target(context, fault);
    if (target) {
        return Observation{Presence::absent, "the QEMU on the target is there"};
    }
    if (target.error().kind != ErrorKind::not_found) {
        return target.error();
    }
    const auto source = look_at_remembered(context, fault);
    if (!source) {
        return source.error().kind == ErrorKind::not_found
                   ? Observation{Presence::absent, "the QEMU on the source is gone"}
                   : Result<Observation>(source.error());
    }
    return Observation{
        Presence::active,
        "the QEMU that waited on the target is gone, the one on the source is there"};
}

Status kill_target(InjectorContext& context, const Fault& fault) {
    const auto other = context.testbed.host(other_host(fault));
    const auto process = remembered({.id = fault.id, .undo = *context.met});
    if (!other || !process) {
        return other ? Status(process.error()) : Status(other.error());
    }
    return (*other)->signal(*process, Signal::kill);
}

Status cut(InjectorContext& context, const Fault& fault, const std::vector<Way>& ways) {
    const auto network = context.testbed.network();
    return network ? (*network)->cut(name_of_migration_cut(fault), ways) : Status(network.error());
}

Status mend(InjectorContext& context, const Fault& fault) {
    const auto network = context.testbed.network();
    return network ? (*network)->mend(name_of_migration_cut(fault)) : Status(network.error());
}

Result<bool> is_cut(InjectorContext& context, const Fault& fault) {
    const auto network = context.testbed.network();
    return network ? (*network)->is_cut(name_of_migration_cut(fault)) : network.error();
}

Result<bool> echoes(InjectorContext& context,
                    Plane plane,
                    const std::string& from,
                    const std::string& to) {
    const auto network = context.testbed.network();
    const auto echo = network ? (*network)->echo(plane, from, to, echo_patience) : network.error();
    if (!echo && echo.error().kind != ErrorKind::timeout) {
        return echo.error();
    }
    return echo.has_value();
}

}  // namespace ordeal::injectors
