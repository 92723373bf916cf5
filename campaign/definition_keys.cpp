#include "campaign/definition_keys.hpp"

#include "core/experiment.hpp"
#include "core/wire_ledger.hpp"

namespace ordeal::definition_keys {
namespace {

using namespace std::chrono_literals;
using enum ParamType;

constexpr Bytes mib(std::uint64_t count) {
    return Bytes{count << 20U};
}

std::int64_t count(std::int64_t value) {
    return value;
}

std::string none() {
    return {};
}

}  // namespace

std::vector<ParamSpec> experiment() {
    const Experiment defaults;
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""},
            {.name = "title", .type = text, .help = "what happens, one line"},
            {.name = "question", .type = text, .help = "what the reader learns, one sentence"},
            {.name = "trials",
             .type = integer,
             .help = "how often each cell is run",
             .fallback = count(defaults.trials),
             .minimum = count(1),
             .maximum = count(100'000)},
            {.name = "settle",
             .type = duration,
             .help = "how long the steady state must hold first",
             .fallback = defaults.settle,
             .maximum = Duration(1h)},
            {.name = "duration",
             .type = duration,
             .help = "how long the load runs",
             .minimum = Duration(1ms),
             .maximum = Duration(24h)},
            {.name = "deadline",
             .type = duration,
             .help = "after this the trial is given up",
             .minimum = Duration(1s),
             .maximum = Duration(48h)},
            {.name = "hosts",
             .type = integer,
             .help = "how many the testbed must have, if more than are named",
             .fallback = count(defaults.hosts),
             .minimum = count(1),
             .maximum = count(1000)},
            {.name = "recover",
             .type = boolean,
             .help = "start the domains again after healing",
             .fallback = defaults.recover},
            {.name = "explore",
             .type = boolean,
             .help = "record the disks that are written to, and examine every state that a crash "
                     "could have left on them",
             .fallback = defaults.explore}};
}

std::vector<ParamSpec> domain() {
    const DomainSpec defaults;
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""},
            {.name = "machine",
             .type = choice,
             .help = "bare: none, agent and disk are the host's own, to compare with",
             .fallback = defaults.machine,
             .choices = {"virtual", "bare"}},
            {.name = "host",
             .type = text,
             .help = "where it is made, if not on the first; n1, n2, … in the lab",
             .fallback = none()},
            {.name = "failover",
             .type = text,
             .help = "the host where it is started once a fault has left nobody who runs it",
             .fallback = none()},
            {.name = "lease",
             .type = boolean,
             .help = "libvirt's lock daemon lets one instance of it run",
             .fallback = defaults.lease},
            {.name = "memory",
             .type = size,
             .help = "of the guest",
             .fallback = defaults.memory,
             .minimum = mib(64),
             .maximum = mib(1U << 20U)},
            {.name = "vcpus",
             .type = integer,
             .help = "virtual processors",
             .fallback = count(defaults.vcpus),
             .minimum = count(1),
             .maximum = count(64)},
            {.name = "pvpanic",
             .type = boolean,
             .help = "a device that tells libvirt of a guest's panic",
             .fallback = defaults.pvpanic},
            {.name = "hotplug",
             .type = boolean,
             .help = "its devices and memory can be taken away while it runs",
             .fallback = defaults.hotplug},
            {.name = "on_crash",
             .type = choice,
             .help = "what libvirt does after a panic",
             .fallback = defaults.on_crash,
             .choices = {"preserve", "destroy", "restart"}}};
}

std::vector<ParamSpec> disk() {
    const DiskSpec defaults;
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""},
            {.name = "size",
             .type = size,
             .help = "of the image",
             .fallback = defaults.size,
             .minimum = mib(16),
             .maximum = mib(1U << 20U)},
            {.name = "filesystem",
             .type = choice,
             .help = "made on the whole disk",
             .fallback = defaults.filesystem,
             .choices = {"ext3", "ext4", "xfs"}},
            {.name = "mount_options",
             .type = text,
             .help = "for the guest's mount",
             .fallback = defaults.mount_options},
            {.name = "cache",
             .type = choice,
             .help = "QEMU's cache mode",
             .fallback = defaults.cache,
             .choices = {"none", "writeback", "writethrough", "directsync", "unsafe"}},
            {.name = "backing",
             .type = choice,
             .help = "a plain file; a local disk, whose volatile cache dies with its host's power; "
                     "a server by NBD, iSCSI or NFS",
             .fallback = defaults.backing,
             .choices = {"file", "local", "nbd", "iscsi", "nfs"}},
            {.name = "sector",
             .type = size,
             .help = "what the disk writes whole: 512 B or 4 KiB",
             .fallback = defaults.sector,
             .minimum = Bytes{512},
             .maximum = Bytes{4096}},
            {.name = "werror",
             .type = choice,
             .help = "what QEMU does when a write fails",
             .fallback = defaults.werror,
             .choices = {"report", "stop", "enospc", "ignore"}},
            {.name = "rerror",
             .type = choice,
             .help = "what QEMU does when a read fails",
             .fallback = defaults.rerror,
             .choices = {"report", "stop", "ignore"}},
            {.name = "epoch",
             .type = boolean,
             .help = "the guest's agent keeps an epoch block behind the filesystem",
             .fallback = defaults.epoch}};
}

std::vector<ParamSpec> service() {
    const ServiceSpec defaults;
    return {{.name = "address",
             .type = text,
             .help = "IPv4, on the guests' plane: 10.77.0.0/16 in the lab"},
            {.name = "port",
             .type = integer,
             .help = "of the web server",
             .fallback = defaults.port,
             .minimum = count(1),
             .maximum = count(65535)},
            {.name = "members",
             .type = list,
             .help = "the domains that can have the address; the first has it by preference"},
            {.name = "request",
             .type = text,
             .help = "the page; the first line of the answer is the name of the domain",
             .fallback = defaults.request}};
}

std::vector<ParamSpec> cluster() {
    const ClusterSpec defaults;
    const auto timing = [](std::string name, Duration fallback, std::string help) {
        return ParamSpec{.name = std::move(name),
                         .type = duration,
                         .help = std::move(help),
                         .fallback = fallback,
                         .minimum = Duration(10ms),
                         .maximum = Duration(1h)};
    };
    return {{.name = "stack",
             .type = choice,
             .help = "what the members agree by",
             .choices = {"heartbeat", "keepalived"}},
            {.name = "failback",
             .type = boolean,
             .help = "the first member takes the address back",
             .fallback = defaults.failback},
            timing("keepalive", 1s, "heartbeat: from one message to the next"),
            timing("deadtime", 3s, "heartbeat: who is silent for so long is dead"),
            timing("warntime", 2s, "heartbeat: who is silent for so long is late"),
            timing("initdead", 6s, "heartbeat: the same when it starts"),
            timing("advert_int", 1s, "keepalived: from one advertisement to the next")};
}

std::vector<ParamSpec> load() {
    const LoadSpec defaults;
    return {
        {.name = "domain", .type = text, .help = "the domain whose guest writes"},
        {.name = "profile",
         .type = choice,
         .help = "how it writes",
         .choices = {"append_fsync", "rename_fsync", "overwrite_direct"}},
        {.name = "disk", .type = text, .help = "the disk it writes to", .fallback = defaults.disk},
        {.name = "record",
         .type = size,
         .help = "of one write",
         .fallback = defaults.record,
         .minimum = Bytes{ledger::block_size},
         .maximum = Bytes{ledger::max_record_size}},
        {.name = "writers",
         .type = integer,
         .help = "at the same time",
         .fallback = count(defaults.writers),
         .minimum = count(1),
         .maximum = count(ledger::max_writers)},
        {.name = "rate",
         .type = integer,
         .help = "records a second and writer, 0 = as fast as it goes",
         .fallback = defaults.rate,
         .minimum = count(0),
         .maximum = count(1'000'000)}};
}

std::vector<ParamSpec> group() {
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""},
            {.name = "members", .type = list, .help = "domains, or hosts for faults of hosts"},
            {.name = "keep_alive",
             .type = integer,
             .help = "so many must be left alone at all times: a quorum",
             .fallback = count(0),
             .minimum = count(0),
             .maximum = count(1000)}};
}

std::vector<ParamSpec> fault() {
    return {{.name = "kind", .type = text, .help = "a fault of the catalogue"},
            {.name = "id",
             .type = text,
             .help = "its name in this experiment, if not the kind",
             .fallback = none()},
            {.name = "target",
             .type = text,
             .help = "a domain, a host for faults of hosts, or a group of these"},
            {.name = "at",
             .type = text,
             .help = "when, since the load started or since `on`: \"2s\", \"2s..5s\" or "
                     "\"log 2s..5s\""},
            {.name = "hold",
             .type = text,
             .help = "how long until it is healed, written as `at` is",
             .fallback = std::string("0s")},
            {.name = "pick",
             .type = text,
             .help = "how many of a group, drawn: \"one\", \"all\", \"2\", \"50%\" (rounded up)",
             .fallback = std::string("all")},
            {.name = "stagger",
             .type = text,
             .help = "from one member of the group to the next, written as `at` is",
             .fallback = std::string("0s")},
            {.name = "every",
             .type = duration,
             .help = "come again after so long; members are drawn anew",
             .fallback = Duration{},
             .maximum = Duration(24h)},
            {.name = "times",
             .type = integer,
             .help = "how often it comes with `every`; 0 = until the load ends",
             .fallback = count(0),
             .minimum = count(0),
             .maximum = count(1000)},
            {.name = "within",
             .type = duration,
             .help = "how long it waits for `on`, since the load started",
             .fallback = Duration(10s),
             .minimum = Duration(1ms),
             .maximum = Duration(24h)}};
}

std::vector<ParamSpec> trigger() {
    const TriggerSpec defaults;
    return {{.name = "probe",
             .type = text,
             .help = "something that this probe of the experiment says",
             .fallback = none()},
            {.name = "opinion",
             .type = text,
             .help = "only with this opinion: alive, dead, unknown",
             .fallback = none()},
            {.name = "detail",
             .type = text,
             .help = "only with this in its detail, as \"suspended\" of libvirt.events",
             .fallback = none()},
            {.name = "fact",
             .type = text,
             .help = "only with a number of this name among its facts …",
             .fallback = none()},
            {.name = "at_least",
             .type = number,
             .help = "… that is no less than this",
             .fallback = defaults.at_least},
            {.name = "acknowledged",
             .type = integer,
             .help = "so many records that the load has acknowledged, seen within 50 ms",
             .fallback = defaults.acknowledged,
             .minimum = count(0)},
            {.name = "fault",
             .type = text,
             .help = "the first strike of the fault with this id",
             .fallback = none()},
            {.name = "step",
             .type = choice,
             .help = "its activation, or its healing: during recovery",
             .fallback = defaults.step,
             .choices = {"active", "healed"}},
            {.name = "domain",
             .type = text,
             .help = "what the probe or the load is about, if not any domain",
             .fallback = none()}};
}

std::vector<ParamSpec> probe() {
    return {{.name = "kind", .type = text, .help = "a probe of the catalogue"},
            {.name = "domain",
             .type = text,
             .help = "the domain it watches, if not all",
             .fallback = none()},
            {.name = "interval",
             .type = duration,
             .help = "how often it looks",
             .fallback = Duration(100ms),
             .minimum = Duration(1ms),
             .maximum = Duration(1h)}};
}

std::vector<ParamSpec> check() {
    return {{.name = "kind", .type = text, .help = "a check of the catalogue"},
            {.name = "when",
             .type = text,
             .help = "only where this matrix variable is true",
             .fallback = none()},
            {.name = "unless",
             .type = text,
             .help = "only where this matrix variable is false",
             .fallback = none()}};
}

}  // namespace ordeal::definition_keys
