#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ordeal {

/// What can be done to a running domain without further words.
enum class DomainOrder {
    reset,                ///< as its reset button
    save,                 ///< its memory into a file, and off; the next start goes on from there
    abort_migration,      ///< it goes on where it is
    monitor_quit,         ///< of QEMU itself, past libvirt: end
    monitor_stop,         ///< stop the processors
    monitor_cont,         ///< let them go on
    monitor_reset,        ///< reset the machine
    monitor_power_button  ///< press its power button
};

[[nodiscard]] std::string_view name_of(DomainOrder order);

/// A device of a domain.
enum class DeviceKind { disk, network_card };

/// How far a migration has come.
struct MigrationProgress {
    std::uint64_t pass = 0;  ///< over the memory, from 1; 0: none goes on
    Bytes remaining{};       ///< still to be copied in this pass
};

/// Orders to a host's domains that only some testbeds can carry out. Errors of all: not_found,
/// refused (it does not run, or cannot do this), unavailable, timeout.
class DomainOrders {
  public:
    virtual ~DomainOrders() = default;
    virtual Status order(const std::string& domain, DomainOrder order) = 0;
    /// Whether QEMU lets the processors run, in its own words.
    virtual Result<bool> executes(const std::string& domain) = 0;
    /// What the guest's balloon driver says it has left; `refused` without a balloon.
    virtual Result<Bytes> memory(const std::string& domain) = 0;
    /// Asks the guest to make do with so much of its memory. The guest takes its time.
    virtual Status set_memory(const std::string& domain, Bytes size) = 0;
    /// A description (XML) of the domain's first network card, or of the disk with this name, as
    /// unplug() and plug() take it.
    virtual Result<std::string> device(const std::string& domain,
                                       DeviceKind kind,
                                       const std::string& name) = 0;
    /// Whether the running domain has it.
    virtual Result<bool> has_device(const std::string& domain,
                                    DeviceKind kind,
                                    const std::string& name) = 0;
    /// Takes it away while the domain runs. The guest is told, and lets it go in its own time.
    virtual Status unplug(const std::string& domain, const std::string& device) = 0;
    virtual Status plug(const std::string& domain, const std::string& device) = 0;
    virtual Result<MigrationProgress> migration(const std::string& domain) = 0;
};

/// What a control group of its own (Linux cgroups) keeps a process from.
struct Confinement {
    bool frozen = false;    ///< no thread of it is scheduled
    double processors = 0;  ///< it gets no more than so many of them; 0: as many as it wants
};

/// What the kernel says of it.
struct Confined {
    bool frozen = false;
    std::uint64_t throttled = 0;  ///< periods in which it was kept waiting, so far
};

}  // namespace ordeal
