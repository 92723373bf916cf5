#pragma once

#include "core/event.hpp"
#include "core/experiment.hpp"
#include "core/scheduler.hpp"
#include "core/testbed.hpp"

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

namespace ordeal {

/// What a fault acts on, with names as the testbed knows them.
struct Target {
    std::string host;
    std::string domain;  ///< empty for faults of a host
};

/// A fault of a trial, as plain data: everything the injector needs, also in a fresh process.
struct Fault {
    std::string id;
    std::string kind;
    Target target;
    Params params;
    Fields undo;  ///< filled by `prepare`; all that `heal` and `residue` may use besides target and
                  ///< params
};

/// Whether the fault is in effect, decided by another path than the injection.
enum class Presence { active, absent, unknown };

[[nodiscard]] std::string_view name_of(Presence presence);

struct Observation {
    Presence presence = Presence::unknown;
    std::string evidence;  ///< what was looked at and what it showed, for people
};

/// What an injector may use. In a rollback the guest's doors are closed: `guest` is nullptr.
struct InjectorContext {
    Testbed& testbed;
    Scheduler& scheduler;
    const std::stop_token& stop;  ///< of the trial; healing ignores it
    Guest* guest = nullptr;
    Instant deadline{};  ///< of this step, scheduler time
    /// What `inject` met and `observe` must know; nullptr in a rollback. Not kept on disk.
    Fields* met = nullptr;
    /// An injection that sets a stage first says here when it came to the deed.
    Instant* struck = nullptr;
};

/// Brings one kind of fault about and takes it away again. Stateless: all state is in the Fault.
/// The runner calls prepare → inject → observe (until active, or the deadline) → … → heal →
/// residue.
class Injector {
  public:
    virtual ~Injector() = default;

    /// Reads only. Fills `fault.undo` completely; it is on disk before `inject` is called.
    virtual Status prepare(InjectorContext& context, Fault& fault) = 0;
    /// Acts, at the scheduled instant: nothing slow before the deed.
    virtual Status inject(InjectorContext& context, const Fault& fault) = 0;

    /// How long `inject` may take: longer where the deed has a stage to be set.
    [[nodiscard]] virtual Duration injection_time() const { return std::chrono::seconds(5); }

    /// How long it may take from the deed until it shows.
    [[nodiscard]] virtual Duration activation_time() const { return std::chrono::seconds(5); }

    /// One look by another path. Called again until it is active or the step's deadline has come.
    virtual Result<Observation> observe(InjectorContext& context, const Fault& fault) = 0;
    /// Idempotent; works in a fresh process from `fault` alone; success when there is nothing to
    /// heal.
    virtual Status heal(InjectorContext& context, const Fault& fault) = 0;
    /// After healing: `absent` only if seen to be absent. An error or a missing answer is
    /// `unknown`.
    virtual Result<Observation> residue(InjectorContext& context, const Fault& fault) = 0;
};

}  // namespace ordeal
