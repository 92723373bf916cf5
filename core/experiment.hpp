#pragma once

#include "core/fields.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ordeal {

enum class Spread { uniform, log_uniform };

/// A closed interval from which the schedule draws; from == to is an instant. A log-uniform one
/// does not begin at 0.
struct Window {
    Duration from{};
    Duration to{};
    Spread spread = Spread::uniform;
};

/// One disk of a domain, made for the trial and thrown away after it.
struct DiskSpec {
    std::string name;  ///< "data"
    Bytes size{std::uint64_t{64} << 20U};
    std::string filesystem = "ext3";  ///< ext3 | ext4 | xfs
    std::string mount_options;        ///< for the guest's mount, may be empty
    std::string cache =
        "none";  ///< QEMU's cache mode: none | writeback | writethrough | directsync | unsafe
    /// file | local | nbd | iscsi | nfs, see docs/cache-modes.md; or "recorded", which an
    /// experiment that explores makes of "file"
    std::string backing = "file";
    Bytes sector{512};              ///< what it writes whole and the guest sees: 512 or 4096
    std::string werror = "enospc";  ///< QEMU's policy: report | stop | enospc | ignore
    std::string rerror = "report";  ///< report | stop | ignore
    bool epoch =
        false;  ///< the guest's agent keeps an epoch block at its end, see core/wire_epoch.hpp
};

/// What the domains serve together: one address that one of them has at a time.
struct ServiceSpec {
    std::string address;               ///< IPv4 on the guests' plane
    std::int64_t port = 80;            ///< of its web server
    std::vector<std::string> members;  ///< domains; the first has the address by preference
    std::string request = "/id";       ///< answered by a text whose first line names the domain
};

/// What makes the service's members a cluster, in guests of the lab's own image.
struct ClusterSpec {
    std::string stack;     ///< heartbeat | keepalived
    bool failback = true;  ///< the first member takes the address back
    /// By the stack's own words: deadtime, advert_int, …
    std::vector<std::pair<std::string, Duration>> timings;
};

/// A domain's part in a cluster.
struct MemberSpec {
    ClusterSpec cluster;
    ServiceSpec service;
    std::vector<int> slots;  ///< of the service's members, in their order; see Testbed::provision
};

/// A virtual machine as the experiment wants it. The testbed gives it a unique name per trial.
struct DomainSpec {
    std::string name;
    /// Or "bare": no virtual machine; agent, load and mount are the host's own, to compare with.
    std::string machine = "virtual";
    std::string host;      ///< where it is made; empty: the testbed's first host
    std::string failover;  ///< where it is started once nobody runs it any more; empty: nowhere
    bool lease = false;    ///< libvirt's lock daemon lets one instance of it run
    Bytes memory{std::uint64_t{192} << 20U};
    int vcpus = 1;
    bool pvpanic = true;  ///< a pvpanic device: libvirt can learn of a guest's panic
    /// Devices on ports of their own and a balloon: they can be taken away while it runs.
    bool hotplug = false;
    std::string on_crash = "preserve";  ///< libvirt's <on_crash>: preserve | destroy | restart
    std::vector<DiskSpec> disks;
    std::uint64_t seed = 0;  ///< of what the testbed draws for it; set for each trial
    std::optional<MemberSpec> member = {};  ///< set for each trial
};

/// What the guest does meanwhile. Kind "ledger" is the only one so far; its params come from the
/// schema below.
struct LoadSpec {
    std::string domain;
    std::string profile;  ///< append_fsync | rename_fsync | overwrite_direct
    std::string disk = "data";
    Bytes record{4096};
    int writers = 1;
    std::int64_t rate = 0;  ///< records per second and writer, 0 = as fast as it goes
};

/// Domains, or hosts, of which a fault strikes some.
struct GroupSpec {
    std::string name;
    std::vector<std::string> members;
    int keep_alive = 0;  ///< so many of them must at all times be left alone by the plan
};

/// What a fault waits for, instead of the load's start. Of `probe`, `acknowledged` and `fault` one
/// is given.
struct TriggerSpec {
    std::string probe;              ///< its kind: something that it says
    std::string opinion;            ///< and is of this opinion; empty: any
    std::string detail;             ///< and has this in its detail
    std::string fact;               ///< and tells a number of this name …
    double at_least = 0;            ///< … that is no less
    std::int64_t acknowledged = 0;  ///< records that the load has acknowledged
    std::string fault;              ///< its id: its first strike
    std::string step = "healed";    ///< active | healed
    std::string domain;             ///< what the probe or the load is about; empty: any domain
};

/// One fault as the definition states it. It comes `times` times, each on `pick` members of the
/// target; one such coming on one member is a strike.
struct FaultSpec {
    std::string id;  ///< unique in the experiment; default is the kind
    std::string kind;
    std::string target;  ///< a domain's name, a host's for host-wide faults, or a group's
    Window at;           ///< since the load moved (its first acknowledgement), or since `on`
    Window hold;         ///< from activation to healing
    Params params;       ///< validated against the catalogue
    std::size_t pick = 1;
    Window stagger{};  ///< from one member to the next
    int times = 1;
    Duration every{};               ///< from one time to the next
    std::optional<TriggerSpec> on;  ///< what `at` counts from, instead of the load
    Duration within{};              ///< since the load moved: when `on` must have come
};

struct ProbeSpec {
    std::string kind;
    std::string domain;  ///< empty: every domain
    Params params;       ///< validated; always has `interval` (Duration)
};

struct CheckSpec {
    std::string kind;
    Params params;
};

/// One experiment after validation and after one matrix cell was put in: nothing in it can be wrong
/// in form.
struct Experiment {
    std::string name;
    std::string title;
    std::string question;  ///< what the reader learns, one sentence
    int trials = 1;
    Duration settle{};     ///< steady state must hold this long before the load counts
    Duration duration{};   ///< load time of a trial if no fault ends it, and at least
    Duration deadline{};   ///< of a whole trial
    int hosts = 1;         ///< that the testbed must have at least, beside those that are named
    bool recover = true;   ///< start domains again after healing and wait for the agent
    bool explore = false;  ///< record the disks that loads write to, for every_crash_state
    std::vector<DomainSpec> domains;
    std::optional<ServiceSpec> service;
    std::optional<ClusterSpec> cluster;  ///< none: whoever serves needs no help, or has it
    std::vector<GroupSpec> groups;
    std::vector<LoadSpec> loads;
    std::vector<FaultSpec> faults;
    std::vector<ProbeSpec> probes;
    std::vector<CheckSpec> checks;
    Fields cell;  ///< the matrix values of this variant; empty without a matrix

    /// The members of the group of this name, or the name itself.
    [[nodiscard]] std::vector<std::string> targets(const std::string& target) const {
        for (const auto& group : groups) {
            if (group.name == target) {
                return group.members;
            }
        }
        return {target};
    }
};

}  // namespace ordeal
