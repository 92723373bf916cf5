#pragma once

#include "core/domain_orders.hpp"
#include "core/experiment.hpp"
#include "core/fields.hpp"
#include "core/guest.hpp"
#include "core/network.hpp"
#include "core/result.hpp"
#include "core/service.hpp"
#include "core/storage.hpp"
#include "core/units.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The seam to the world. Two implementations: real ones (testbed/) and the simulation
/// (testbed/sim). All calls are thread-safe. Calls that can block take or have a deadline and end
/// with ErrorKind::timeout.
namespace ordeal {

struct ProcessStatus {
    char state = '?';  ///< the letter of /proc/<pid>/stat: R, S, D, T, …; never Z (that is gone)
    Duration cpu_time{};  ///< user + system, all threads
};

/// The signals that faults use. Numbers differ between systems, names do not.
enum class Signal { kill, stop, cont, term, abort, segv };

enum class DomainState {
    no_state,
    running,
    blocked,
    paused,
    shutting_down,
    shut_off,
    crashed,
    pm_suspended,
    not_defined
};

[[nodiscard]] std::string_view name_of(DomainState state);

struct DomainStatus {
    DomainState state = DomainState::no_state;
    std::string reason;  ///< libvirt's word: "booted", "user", "panicked", "ioerror", …
};

/// A libvirt event of a domain.
struct DomainEvent {
    std::string domain;
    std::string event;   ///< "started", "stopped", "suspended", "io_error", "migration_pass", …
    std::string detail;  ///< libvirt's detail: "failed", "destroyed", "panicked", … or the pass
};

enum class LinkState { down, up };

struct Migration {
    std::string host;   ///< where to, by the name that the other hosts know
    Bytes bandwidth{};  ///< a second, at most; 0: as fast as it goes
    Duration pause{};   ///< of the guest at the end, at most; 0: QEMU's own idea
};

/// The management of one host's domains (libvirt).
class Hypervisor {
  public:
    virtual ~Hypervisor() = default;
    virtual Result<DomainStatus> state(const std::string& domain) = 0;
    virtual Status start(const std::string& domain) = 0;
    virtual Status destroy(const std::string& domain) = 0;
    virtual Status suspend(const std::string& domain) = 0;
    virtual Status resume(const std::string& domain) = 0;
    /// Forgets the domain; destroys it first when it runs. `not_found` when it was not defined.
    virtual Status remove(const std::string& domain) = 0;
    virtual Result<std::vector<std::string>> domains() = 0;
    /// Moves a running domain with its definition to another host, while its guest goes on. Blocks
    /// until it has arrived, or runs here as before. Its disks must be shared. After `timeout` the
    /// migration goes on. Errors: refused, unavailable, timeout, missing (nobody can move it; so by
    /// default).
    virtual Status migrate(const std::string& domain,
                           const Migration& migration,
                           Duration deadline);
    /// Gives the domain's processors a diagnostic interrupt. `missing` when nobody can; so by
    /// default.
    virtual Status inject_nmi(const std::string& domain);
    /// The network card's link, as a cable pulled and plugged in again.
    virtual Status set_link(const std::string& domain, LinkState state) = 0;
    virtual Result<LinkState> link(const std::string& domain) = 0;
    /// Success when QEMU's guest agent in the domain answers. Errors: missing (the domain has no
    /// channel for it, or nobody can ask it; so by default), timeout, unavailable (nobody answers).
    virtual Status ping_guest_agent(const std::string& domain, Duration deadline);
    /// What else can be done to the domain. `missing` when nobody here can; so by default.
    virtual Result<DomainOrders*> orders(const std::string& domain);
    /// Whether the management answers at all, within `deadline`; a new connection is tried when
    /// needed.
    virtual Status alive(Duration deadline) = 0;
    /// Events of `domain`. Survives a restart of the management by subscribing again; the callback
    /// gets an event "connection_lost" / "connection_back" meanwhile.
    virtual Result<Subscription> subscribe(const std::string& domain,
                                           std::function<void(const DomainEvent&)> callback) = 0;
};

enum class PowerState { off, on };

[[nodiscard]] std::string_view name_of(PowerState state);

/// `off` and `reset` act at once, nobody on the host is asked. `diagnose` is the diagnostic
/// interrupt (NMI), of which an operating system panics.
enum class PowerOrder { off, on, reset, cycle, diagnose };

[[nodiscard]] std::string_view name_of(PowerOrder order);

/// A host's power controller (BMC), which is reached and lives on whether the host does or not.
class Power {
  public:
    virtual ~Power() = default;
    /// What the controller says. It may be late, or wrong: a host's death has other proofs.
    virtual Result<PowerState> state(Duration deadline) = 0;
    /// Success means that the controller took the order, not that it was carried out.
    virtual Status order(PowerOrder order, Duration deadline) = 0;
};

/// What a program on a host answered.
struct HostOutput {
    int exit_code = 0;  ///< 128 + signal when a signal ended it
    std::string out;
    std::string err;
};

/// A program that was started on a host, with all that it started itself.
struct ProgramStatus {
    ProcessRef process;   ///< the first of them
    Duration cpu_time{};  ///< user + system, all of them
    Bytes resident{};     ///< memory that they have
    Bytes written{};      ///< to disks, so far, by those that are there
};

/// What waits in a domain's disk, as QEMU has it in the device.
struct DiskQueue {
    std::uint64_t waiting = 0;   ///< requests of the guest that QEMU took and has not answered
    std::uint64_t answered = 0;  ///< so far; begins again after some
};

/// A machine that runs domains.
class Host {
  public:
    virtual ~Host() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;
    virtual Hypervisor& hypervisor() = 0;
    /// The QEMU process of a running domain; `not_found` when there is none.
    virtual Result<ProcessRef> qemu_process(const std::string& domain) = 0;
    /// QEMU's own word of the domain ("running", "paused", "io-error", "guest-panicked": RunState
    /// in its QMP reference), by a monitor of its own that libvirt knows nothing of. Errors:
    /// not_found (no QEMU), timeout (it does not answer), missing (no such monitor; by default).
    virtual Result<std::string> run_state(const std::string& domain, Duration deadline);
    /// The queues of all of its disks, by the same monitor. Errors: as of run_state().
    virtual Result<std::vector<DiskQueue>> disk_queues(const std::string& domain,
                                                       Duration deadline);
    /// CPU time of each thread of a QEMU process that executes the guest. Errors: not_found,
    /// missing (it has none by that name, or nobody can look; by default).
    virtual Result<std::vector<Duration>> vcpu_times(const ProcessRef& qemu);
    /// The process of a service of this host: "libvirtd", "virtlogd", "sshd".
    virtual Result<ProcessRef> service_process(const std::string& service) = 0;
    virtual Status start_service(const std::string& service) = 0;
    /// `not_found` when the process is gone (a zombie is gone).
    virtual Result<ProcessStatus> process_status(const ProcessRef& process) = 0;
    virtual Status signal(const ProcessRef& process, Signal signal) = 0;
    /// Puts it into a control group of its own. `missing` where there are none; so by default.
    virtual Status confine(const ProcessRef& process, const Confinement& confinement);
    /// `not_found` when it is not confined (any more).
    virtual Result<Confined> confined(const ProcessRef& process);
    /// Puts it back to where it was, also by another process than confined it. Idempotent.
    virtual Status release(const ProcessRef& process);
    /// `missing` when the host has no power controller.
    virtual Result<Power*> power() = 0;
    /// Another one after each boot of the host. Asked of the host over the management plane.
    virtual Result<std::string> boot_id(Duration deadline) = 0;
    /// Runs a program as root, over the management plane (ssh). One that ran is a success here,
    /// whatever its exit code. Errors: unavailable (no way to the host, or lost on the way; the
    /// program may have run), timeout, refused (our key, or the host's).
    virtual Result<HostOutput> run(const std::vector<std::string>& argv, Duration deadline) = 0;
    /// Gives the host's kernel an order by sysrq, as writing `letter` to /proc/sysrq-trigger does
    /// (https://docs.kernel.org/admin-guide/sysrq.html). A connection that is lost with the host is
    /// success. Errors: as of run().
    virtual Status sysrq(char letter, Duration deadline) = 0;
    /// Starts a program as root over the management plane; it goes on after this returns. `name` is
    /// 1 to 60 of a-z, A-Z, 0-9, '-', '_' and '.'. Errors: as of run(); refused (one of this name
    /// runs).
    virtual Status start_program(const std::string& name,
                                 const std::vector<std::string>& argv,
                                 Duration deadline) = 0;
    /// `not_found` when it does not run.
    virtual Result<ProgramStatus> program(const std::string& name) = 0;
    /// Kills it with all that it started. Success when it does not run.
    virtual Status end_program(const std::string& name) = 0;
};

/// What is left of a domain's disk, copied while no QEMU has it open.
struct Specimen {
    std::string domain;
    DiskSpec disk;
    std::filesystem::path image;  ///< a raw image; belongs to the examiner, who may change it
    /// Of a disk that was recorded: the recording and the disk before it. Not to be changed.
    std::filesystem::path trace = {};
    std::filesystem::path base = {};
};

/// What a disk's layers say, while it is used, of the volatile write cache above the storage.
struct CacheContract {
    std::string disk;        ///< DiskSpec::name
    bool writeback = false;  ///< the guest may hold a write for done that no flush has followed
    bool direct = false;     ///< QEMU goes around the host's page cache
    bool no_flush = false;   ///< QEMU drops the guest's flushes

    bool operator==(const CacheContract&) const = default;
};

/// What a domain was provisioned as.
struct Provisioned {
    std::string domain;  ///< the unique name libvirt knows
    std::string uuid;
    std::string host;
    std::string mac = {};  ///< of the network card on the guests' plane; empty: not known
};

/// Hosts and guests, wherever they are.
class Testbed {
  public:
    virtual ~Testbed() = default;

    /// Those that run domains. Others (shared storage) are found by host() alone.
    [[nodiscard]] virtual std::vector<std::string> hosts() const = 0;
    /// `not_found` if the testbed has no such host.
    virtual Result<Host*> host(std::string_view name) = 0;
    /// `missing` when nobody can make faults in the testbed's networks.
    virtual Result<Network*> network() = 0;

    /// Makes disks and defines the domain, not started. `name` is unique in the run; `slot` (from
    /// 0) selects addresses and is free for reuse after `remove`. `directory` is the trial's own.
    virtual Result<Provisioned> provision(const DomainSpec& spec,
                                          const std::string& name,
                                          int slot,
                                          const std::filesystem::path& directory) = 0;
    /// Defines the domain at another host, too, not started. Its disks must be shared. `missing`
    /// when the testbed defines none; so by default.
    virtual Status define_at(const std::string& domain, const std::string& host);
    /// The host whose QEMU runs the domain, or ran it last. One that has moved, or runs twice, is
    /// looked for only where it does not run any more. `missing` when domains do not move; so by
    /// default.
    virtual Result<Host*> host_of(const std::string& domain);
    /// The doors of a provisioned domain; valid until `remove`. Of a running one that another
    /// process provisioned, its agent's alone. `not_found`: it has none that we could open.
    virtual Result<Guest*> guest(const std::string& domain) = 0;
    /// Copies a disk (sparse). `refused` while a QEMU has the domain.
    virtual Result<Specimen> capture(const std::string& domain,
                                     const std::string& disk,
                                     const std::filesystem::path& destination) = 0;
    /// What QEMU says of the disks' caches now, in the order of the spec; empty where there is no
    /// QEMU to ask. Errors: unavailable, timeout.
    virtual Result<std::vector<CacheContract>> cache_contracts(const std::string& domain) = 0;
    /// Destroys and undefines the domain and closes its doors. Idempotent.
    virtual Status remove(const std::string& domain) = 0;

    /// Where clients of a service stand. `missing` when there is no such place; so by default.
    virtual Result<ClientSide*> clients();

    /// The servers behind the domains' disks.
    virtual Storage& storage() = 0;

    /// Versions for the report: "qemu", "libvirt", "kernel", "guest_kernel", "accelerator", …
    [[nodiscard]] virtual Fields versions() = 0;
};

}  // namespace ordeal
