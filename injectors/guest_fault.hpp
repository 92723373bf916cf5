#pragma once

#include "core/injector.hpp"
#include "injectors/common.hpp"

namespace ordeal::injectors {

/// Two looks at the guest's kernel, and the time between them.
struct GuestLooks {
    GuestFacts before;
    GuestFacts now;
    Duration between{};
};

/// A fault that the agent makes in its own guest, by a helper that ends it after the parameter
/// `at_most`: a lease, which needs neither the agent nor anybody outside.
struct GuestFault {
    /// The agent's word for it.
    const char* order;
    /// Whether it is there, by what the guest's kernel says. nullptr: `observe` tells.
    Observation (*shows)(const Fault& fault, const GuestLooks& looks) = nullptr;
    /// Instead of `shows`: one look from outside.
    Result<Observation> (*observe)(InjectorContext& context, const Fault& fault) = nullptr;
    /// Puts into the undo data what the others need; nullptr: nothing.
    Status (*remember)(InjectorContext& context, const GuestFacts& facts, Fault& fault) = nullptr;
    /// What the agent is told; nullptr: the parameters.
    Fields (*params)(const Fault& fault) = nullptr;
    /// What is still wrong once no helper makes the fault any more; nullptr: nothing can be.
    Result<bool> (*left)(InjectorContext& context,
                         const Fault& fault,
                         const GuestFacts& facts) = nullptr;
    /// How long it may take until it shows.
    Duration activation_time = std::chrono::seconds(5);
};

/// The injector of such a fault. Healing tells the agent, by a door of its own in a fresh process,
/// and tries again until the agent answers: one that the fault silences does so after the lease.
/// Residue: the guest's kernel has no helper that makes it, or there is no such guest any more.
[[nodiscard]] std::unique_ptr<Injector> make_guest_fault(GuestFault fault);

/// What the guest's kernel says now.
[[nodiscard]] Result<GuestFacts> look_into(InjectorContext& context, const Fault& fault);

/// `error` when the guest's doors are closed.
[[nodiscard]] Status order_guest(InjectorContext& context,
                                 const Fault& fault,
                                 const std::string& order,
                                 const Fields& params);

/// Activation of a fault that the agent's link does not feel: beats come, an echo does not.
[[nodiscard]] Result<Observation> observe_cut_network(InjectorContext& context, const Fault& fault);

/// Activation of a fault that ends the agent alone: no beat, an echo.
[[nodiscard]] Result<Observation> observe_silent_agent(InjectorContext& context,
                                                       const Fault& fault);

/// How far the guest's clock is ahead of ours, and the time that asking took.
struct ClockOffset {
    Duration ahead{};
    Duration round_trip{};
};

[[nodiscard]] Result<ClockOffset> clock_offset(InjectorContext& context, const Fault& fault);

}  // namespace ordeal::injectors
