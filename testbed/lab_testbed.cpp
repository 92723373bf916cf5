#include "testbed/lab_testbed.hpp"

#include "testbed/cache.hpp"
#include "testbed/cluster_words.hpp"
#include "testbed/domain_xml.hpp"
#include "testbed/lab/files.hpp"
#include "testbed/lab/node_setup.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/lab_testbed_entry.hpp"
#include "testbed/lab_testbed_files.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/procfs.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint16_t heartbeat_port = 7701;
constexpr auto libvirt_deadline = 5s;
constexpr auto process_deadline = 5s;

/// Locally administered, told apart from each other by the slot.
std::string mac_of(int slot) {
    constexpr const char* digits = "0123456789abcdef";
    const auto number = static_cast<unsigned>(slot);
    std::string mac = "52:54:4d:00:";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) {
        mac += digits[(number >> shift) & 0xfU];
        mac += shift == 8U ? ":" : "";
    }
    return mac;
}

/// Where the controller's side of agent ports is made, as the node sees it.
const fs::path agents_directory = "/run/ordeal/agents";

std::string heartbeat_address() {
    return rack_address(Plane::guest) + ":" + std::to_string(heartbeat_port);
}

Result<Fd> heartbeat_socket(const ProcessRef& rack) {
    const auto tried = "receive heartbeats at " + heartbeat_address();
    auto socket = socket_inside(static_cast<pid_t>(rack.pid), AF_INET, SOCK_DGRAM, 0);
    if (!socket) {
        return socket.error();
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(heartbeat_port);
    ::inet_pton(AF_INET, rack_address(Plane::guest).c_str(), &address.sin_addr);
    if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const bool taken = errno == EADDRINUSE;
        return fail(taken ? ErrorKind::refused : ErrorKind::unavailable,
                    tried,
                    std::system_category().message(errno),
                    taken ? "another run uses this lab; wait for it or use another lab" : "");
    }
    return socket;
}

/// Of the guest image, for members of a cluster.
constexpr const char* cluster_archive = "initramfs-cluster";

bool is_bare(const DomainSpec& spec) {
    return spec.machine == "bare";
}

/// Where a bare machine has its disks; none for the others, which have them where all have.
std::map<std::string, std::string> bare_mounts(const DomainSpec& spec) {
    std::map<std::string, std::string> mounts;
    for (const auto& disk : spec.disks) {
        if (is_bare(spec)) {
            mounts[disk.name] = bare_mount_point;
        }
    }
    return mounts;
}

/// The uuid; a bare machine has none.
Result<std::string> define(LabHost& host,
                           const DomainSpec& spec,
                           const DomainPlace& place,
                           const std::string& xml) {
    if (!is_bare(spec)) {
        return host.libvirt()->define(xml);
    }
    const auto& disk = spec.disks.front();
    host.bare_machines().add(place.name,
                             {.disk = place.disks.front().file,
                              .filesystem = disk.filesystem,
                              .mount_options = disk.mount_options,
                              .agent_socket = place.agent_socket,
                              .log = place.console});
    return std::string();
}

Status check(const DomainSpec& spec, const std::string& name, int slot) {
    const auto tried = "make domain " + name;
    if (slot < 0 || slot >= most_slots) {
        return fail(ErrorKind::internal, tried, "slot " + std::to_string(slot) + " has no address");
    }
    if (spec.disks.size() > 1) {
        return fail(ErrorKind::definition,
                    tried,
                    "it has " + std::to_string(spec.disks.size()) + " disks",
                    "the embedded guest mounts one");
    }
    return ok();
}

}  // namespace

Result<std::unique_ptr<LabTestbed>> LabTestbed::open(LabTestbedOptions options,
                                                     const Scheduler& scheduler) {
    auto lab = Lab::open(options.lab);
    if (!lab) {
        return lab.error();
    }
    std::unique_ptr<LabTestbed> testbed(
        new LabTestbed(std::move(options), scheduler, std::move(*lab)));
    if (auto added = testbed->add_hosts(); !added) {
        return added.error();
    }
    return testbed;
}

LabTestbed::LabTestbed(LabTestbedOptions options, const Scheduler& scheduler, Lab lab)
    : options_(std::move(options)),
      scheduler_(scheduler),
      lab_(std::move(lab)),
      network_(lab_.nodes(), lab_.rack()),
      clients_({.inside = static_cast<pid_t>(lab_.rack().pid),
                .interface = std::string(name_of(Plane::guest)),
                .address = rack_address(Plane::guest)},
               scheduler) {
    if (options_.guest.empty()) {
        options_.guest = cache_directory() / "guest/current";
    }
}

LabTestbed::~LabTestbed() = default;

Status LabTestbed::add_hosts() {
    if (!process_status(lab_.rack())) {
        return fail(ErrorKind::unavailable,
                    "open lab " + lab_.name(),
                    "it has died",
                    "ordeal lab down, then ordeal lab up");
    }
    for (const auto& node : lab_.nodes()) {
        auto host = LabHost::open(
            node, [this](const std::string& domain) { return prepare_start(domain); });
        if (!host) {
            return host.error();
        }
        hosts_.push_back(std::move(*host));
    }
    return ok();
}

/// What must be there before QEMU starts.
Status LabTestbed::prepare_start(const std::string& domain) {
    if (const auto entry = find(domain)) {
        entry->doors->expect_boot();
    }
    return storage_.start_servers(domain);
}

std::vector<LabNode> LabTestbed::nodes() const {
    std::vector<LabNode> nodes;
    for (const auto& host : hosts_) {
        nodes.push_back(host->node());
    }
    return nodes;
}

std::vector<std::string> LabTestbed::hosts() const {
    std::vector<std::string> names;
    for (const auto& host : hosts_) {
        if (host->libvirt() != nullptr) {
            names.push_back(host->name());
        }
    }
    return names;
}

Result<Host*> LabTestbed::host(std::string_view name) {
    const auto host = std::ranges::find(hosts_, name, [](const auto& h) { return h->name(); });
    if (host == hosts_.end()) {
        return fail(ErrorKind::not_found, "find host " + std::string(name), "the lab has none");
    }
    return host->get();
}

Result<Accelerator> LabTestbed::accelerator() {
    const std::lock_guard lock(choosing_);
    if (!options_.accelerator) {
        const auto choice =
            choose_accelerator({.guest = options_.guest, .cache = cache_directory()});
        if (!choice) {
            return choice.error();
        }
        options_.accelerator = choice->accelerator;
    }
    return *options_.accelerator;
}

std::shared_ptr<LabTestbed::Entry> LabTestbed::find(const std::string& domain) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(domain);
    return entry == entries_.end() ? nullptr : entry->second;
}

std::shared_ptr<GuestDoors> LabTestbed::doors_at(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto entry =
        std::ranges::find(entries_, address, [](const auto& item) { return item.second->address; });
    return entry == entries_.end() ? nullptr : entry->second->doors;
}

std::vector<fs::path> LabTestbed::agent_sockets(const std::string& domain) const {
    std::vector<fs::path> sockets;
    for (const auto& host : hosts_) {
        sockets.push_back(host->node().outside(agents_directory / (domain + ".sock")));
    }
    return sockets;
}

Status LabTestbed::receive_heartbeats() {
    const std::lock_guard lock(mutex_);
    if (receiver_) {
        return ok();
    }
    auto socket = heartbeat_socket(lab_.rack());
    if (!socket) {
        return socket.error();
    }
    auto receiver = HeartbeatReceiver::start(std::move(*socket), [this](const NetworkBeat& beat) {
        if (const auto doors = doors_at(beat.sender)) {
            doors->take(beat);
        }
    });
    if (!receiver) {
        return receiver.error();
    }
    receiver_ = std::move(*receiver);
    return ok();
}

Result<Provisioned> LabTestbed::provision(const DomainSpec& spec,
                                          const std::string& name,
                                          int slot,
                                          const fs::path& directory) {
    const auto chosen = host_for(spec);
    if (!chosen) {
        return chosen.error();
    }
    auto& host = **chosen;
    const auto accelerator = this->accelerator();
    Status ready = accelerator ? check(spec, name, slot) : Status(accelerator.error());
    if (ready && spec.member && ::access((options_.guest / cluster_archive).c_str(), R_OK) != 0) {
        ready = fail(ErrorKind::missing,
                     "make the domain " + name,
                     "the guest image " + options_.guest.string() + " has no clusters",
                     "./bootstrap build");
    }
    ready = ready ? host.hypervisor().alive(libvirt_deadline) : ready;
    ready = ready ? receive_heartbeats() : ready;
    if (!ready) {
        return ready.error();
    }
    auto entry = std::make_shared<Entry>();
    entry->spec = spec;
    entry->host = &host;
    entry->address = guest_address(slot);
    const auto base = fs::absolute(directory) / spec.name;
    entry->place = {.name = name,
                    .accelerator = *accelerator,
                    .kernel = options_.guest / "vmlinuz",
                    .initramfs = options_.guest / (spec.member ? cluster_archive : "initramfs"),
                    .console = base.string() + ".console",
                    .agent_socket = agents_directory / (name + ".sock"),
                    .monitor_socket = monitor_socket(name),
                    .bridge = "guest",
                    .mac = mac_of(slot),
                    .address = entry->address + "/16",
                    .gateway = host.node().address(Plane::guest),
                    .heartbeat = heartbeat_address(),
                    .directory = fs::absolute(directory),
                    .cluster = spec.member ? cluster_words(*spec.member, spec.name) : "",
                    .lease = spec.lease ? lockspaces_directory : ""};
    for (const auto& disk : spec.disks) {
        const fs::path image = base.string() + "-" + disk.name + ".img";
        auto place = storage_.prepare(host.node(),
                                      {host.name(), name, disk.name},
                                      disk,
                                      image,
                                      {.seed = spec.seed, .slot = slot});
        if (!place) {
            return place.error();
        }
        entry->place.disks.push_back(std::move(*place));
    }
    if (spec.lease) {
        if (auto made = write_file(lab_.directory() / lease_file(name), ""); !made) {
            return made.error();
        }
    }
    const auto socket = host.node().outside(entry->place.agent_socket);
    entry->xml = domain_xml(spec, entry->place);
    if (auto made = make_domain_files(spec, entry->place, socket, entry->xml); !made) {
        return made.error();
    }
    auto doors = GuestDoors::open({.domain = name,
                                   .agent_sockets = agent_sockets(name),
                                   .console = entry->place.console,
                                   .address = entry->address,
                                   .inside = static_cast<pid_t>(lab_.rack().pid),
                                   .mounts = bare_mounts(spec)},
                                  scheduler_);
    if (!doors) {
        return doors.error();
    }
    entry->doors = std::move(*doors);
    const auto mac = entry->place.mac;
    const auto uuid = define(host, spec, entry->place, entry->xml);
    if (!uuid) {
        return uuid.error();
    }
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(name, std::move(entry));
    return Provisioned{.domain = name, .uuid = *uuid, .host = host.name(), .mac = mac};
}

Status LabTestbed::remove(const std::string& domain) {
    Status removed = ok();
    for (const auto& host : hosts_) {
        if (auto ended = host->bare_machines().forget(domain); !ended) {
            removed = ended;
        }
    }
    // First: a QEMU that waits for its disk cannot end before the disk does.
    if (auto gone = storage_.remove(domain); !gone) {
        removed = gone;
    }
    for (const auto& host : hosts_) {
        // libvirt takes 10 s to destroy a QEMU that is stopped, and without libvirtd nobody does.
        if (const auto qemu = host->qemu_process(domain)) {
            std::ignore = send_signal(*qemu, Signal::kill);
            std::ignore = wait_gone(*qemu, process_deadline);
        }
        auto forgotten = host->hypervisor().remove(domain);
        if (!forgotten && forgotten.error().kind != ErrorKind::not_found) {
            removed = forgotten;
        }
        std::error_code ignored;
        fs::remove(host->node().outside(agents_directory / (domain + ".sock")), ignored);
        fs::remove(host->node().outside(monitor_socket(domain)), ignored);
    }
    std::error_code ignored;
    fs::remove(lab_.directory() / lease_file(domain), ignored);
    const std::lock_guard lock(mutex_);
    entries_.erase(domain);
    found_.erase(domain);
    return removed;
}

Fields LabTestbed::versions() {
    Fields versions;
    if (auto asked = hosts_.front()->libvirt()->versions()) {
        versions = std::move(*asked);
    }
    utsname system{};
    ::uname(&system);
    versions.set("kernel", std::string(system.release));
    versions.set("guest_kernel", kernel_release(options_.guest / "vmlinuz"));
    if (const auto chosen = accelerator()) {
        versions.set("accelerator", std::string(name_of(*chosen)));
    }
    return versions;
}

}  // namespace ordeal
