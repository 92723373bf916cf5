#pragma once

#include "injectors/common.hpp"
#include "injectors/other_host.hpp"

#include <chrono>
#include <memory>
#include <string>

/// What faults of a migration have in common: they move the domain themselves, and strike while it
/// is on its way.
namespace ordeal::injectors {

/// On which of the two hosts there is a QEMU of the domain.
struct WhereItRuns {
    bool here = false;
    bool there = false;
};

[[nodiscard]] Result<WhereItRuns> where_it_runs(InjectorContext& context, const Fault& fault);

/// The QEMU that the injection met on the other host, "target_pid" and "target_ticks" of what it
/// met; nothing when it came to no deed.
[[nodiscard]] bool came_to_the_deed(const InjectorContext& context);

struct MigrationFault {
    /// Once the target's QEMU is there and the parameter "after" has gone; nullptr: nothing.
    Status (*strike)(InjectorContext& context, const Fault& fault) = nullptr;
    /// Before the migration; nullptr: nothing. With it the target's QEMU is not waited for.
    Status (*set_stage)(InjectorContext& context, const Fault& fault) = nullptr;
    /// One look, after the deed.
    Result<Observation> (*observe)(InjectorContext& context, const Fault& fault) = nullptr;
    /// What must go before the migration is ended; nullptr: nothing.
    Status (*undo)(InjectorContext& context, const Fault& fault) = nullptr;
    /// Whether undo() helped; nullptr: there is nothing to see.
    Result<bool> (*is_left)(InjectorContext& context, const Fault& fault) = nullptr;
    Duration pause{};  ///< Migration::pause
};

/// Healing ends what undo() ends and a migration that still goes on, and waits until one host alone
/// has a QEMU of the domain. Residue: two have.
[[nodiscard]] std::unique_ptr<Injector> make_migration_fault(MigrationFault fault);

/// Activation of a fault that breaks a migration: the target's QEMU is gone, the source's is there.
[[nodiscard]] Result<Observation> observe_stays(InjectorContext& context, const Fault& fault);

/// Kills the QEMU that waits on the other host.
[[nodiscard]] Status kill_target(InjectorContext& context, const Fault& fault);

/// A cut of the testbed's networks for this fault, and its end.
[[nodiscard]] Status cut(InjectorContext& context,
                         const Fault& fault,
                         const std::vector<Way>& ways);
[[nodiscard]] Status mend(InjectorContext& context, const Fault& fault);
[[nodiscard]] Result<bool> is_cut(InjectorContext& context, const Fault& fault);
/// Whether an echo comes back.
[[nodiscard]] Result<bool> echoes(InjectorContext& context,
                                  Plane plane,
                                  const std::string& from,
                                  const std::string& to);

}  // namespace ordeal::injectors
