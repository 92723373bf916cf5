#include "testbed/site/site_testbed.hpp"

#include "testbed/site/remote_console.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <tuple>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration management_deadline = 10s;
constexpr Duration image_deadline = 600s;
constexpr Duration short_ping = 200ms;
constexpr Duration stop_deadline = 2s;

Result<Fd> heartbeat_socket(const std::string& where) {
    const auto tried = "receive heartbeats at " + where;
    const auto colon = where.find(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(colon + 1))));
    ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr);
    Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const bool taken = errno == EADDRINUSE;
        return fail(taken ? ErrorKind::refused : ErrorKind::unavailable,
                    tried,
                    std::system_category().message(errno),
                    taken ? "another run uses this address" : "heartbeat in [testbed] names it");
    }
    return socket;
}

bool all_zero(std::string_view data) {
    return data.find_first_not_of('\0') == data.npos;
}

}  // namespace

struct SiteTestbed::Entry {
    const SiteTarget* target = nullptr;
    DomainSpec spec;
    RemoteHost* host = nullptr;
    std::unique_ptr<RemoteConsole> console;
    std::unique_ptr<GuestDoors> doors;
};

Result<std::unique_ptr<SiteTestbed>> SiteTestbed::open(Site site,
                                                       const Scheduler& scheduler,
                                                       std::vector<std::string> notes) {
    std::unique_ptr<SiteTestbed> testbed(new SiteTestbed(std::move(site), scheduler));
    testbed->notes_ = std::move(notes);
    for (const auto& each : testbed->site_.hosts) {
        auto host = RemoteHost::open(
            testbed->site_, each, [self = testbed.get()](const std::string& domain) {
                if (const auto entry = self->find(domain)) {
                    entry->doors->expect_boot();
                }
                return ok();
            });
        if (!host) {
            return host.error();
        }
        testbed->hosts_.push_back(std::move(*host));
    }
    return testbed;
}

SiteTestbed::SiteTestbed(Site site, const Scheduler& scheduler)
    : site_(std::move(site)),
      scheduler_(scheduler),
      storage_(site_, [this](const std::string& name) { return host(name); }),
      network_(site_, [this](std::string_view name) { return remote(name); }) {}

SiteTestbed::~SiteTestbed() = default;

std::vector<std::string> SiteTestbed::hosts() const {
    std::vector<std::string> names;
    for (const auto& host : hosts_) {
        names.push_back(host->name());
    }
    return names;
}

Result<RemoteHost*> SiteTestbed::remote(std::string_view name) const {
    const auto found = std::ranges::find(hosts_, name, [](const auto& h) { return h->name(); });
    if (found == hosts_.end()) {
        return fail(
            ErrorKind::not_found, "find host " + std::string(name), "none in " + site_.path);
    }
    return found->get();
}

Result<Host*> SiteTestbed::host(std::string_view name) {
    const auto found = remote(name);
    return found ? Result<Host*>(*found) : found.error();
}

Result<Network*> SiteTestbed::network() {
    return &network_;
}

std::shared_ptr<SiteTestbed::Entry> SiteTestbed::find(const std::string& domain) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(domain);
    return entry == entries_.end() ? nullptr : entry->second;
}

/// A trial begins with a target that runs and may be touched.
Status SiteTestbed::healthy(RemoteHost& host, const SiteTarget& target) const {
    auto& libvirt = host.targets();
    Status ready = libvirt.alive(management_deadline);
    ready = ready ? libvirt.permitted(target.domain) : ready;
    const auto state = ready ? libvirt.state(target.domain) : ready.error();
    if (!state) {
        return state.error();
    }
    return state->state == DomainState::running
               ? ok()
               : Status(fail(ErrorKind::refused,
                             "use target " + target.name + " on host " + host.name(),
                             "domain " + target.domain + " is " +
                                 std::string(name_of(state->state)) + ", not running",
                             "virsh start " + target.domain));
}

GuestPlace SiteTestbed::place_of(const SiteTarget& target,
                                 RemoteHost& host,
                                 const fs::path& console) {
    GuestPlace place{.domain = target.domain,
                     .agent_sockets = {},
                     .console = console,
                     .address = target.address};
    for (const auto& disk : target.disks) {
        place.mounts.emplace(disk.name, disk.mount);
    }
    if (target.guest == SiteGuest::agent) {
        place.agent = [&host, &target](Duration deadline) -> Result<AgentStream> {
            const auto shell = host.shell();
            if (!shell) {
                return shell.error();
            }
            auto stream = open_stream((*shell)->route(), {.socket = target.agent_socket}, deadline);
            if (!stream) {
                return stream.error();
            }
            auto socket = stream->stream->take();
            return AgentStream{std::move(socket),
                               std::make_shared<RoutedStream>(std::move(*stream))};
        };
        return place;
    }
    place.booted = [this, &host, &target](Instant deadline) -> Status {
        if (target.guest == SiteGuest::nothing && target.address.empty()) {
            return ok();  // nothing more can be told
        }
        const auto entry = find(target.domain);
        const auto left = std::max<Duration>(deadline - scheduler_.now(), short_ping);
        const Status answered = target.guest == SiteGuest::guest_agent
                                    ? host.targets().ping_guest_agent(target.domain, left)
                                    : [&]() -> Status {
            const auto echo = entry->doors->ping(left);
            return echo ? ok() : Status(echo.error());
        }();
        if (answered || answered.error().kind == ErrorKind::missing) {
            return answered;
        }
        return fail(ErrorKind::timeout, answered.error().tried, answered.error().answer);
    };
    return place;
}

Status SiteTestbed::receive_heartbeats() {
    const std::lock_guard lock(mutex_);
    if (receiver_ || site_.heartbeat.empty()) {
        return ok();
    }
    auto socket = heartbeat_socket(site_.heartbeat);
    if (!socket) {
        return socket.error();
    }
    auto receiver = HeartbeatReceiver::start(std::move(*socket), [this](const NetworkBeat& beat) {
        std::shared_ptr<Entry> sender;
        {
            const std::lock_guard guard(mutex_);
            for (const auto& [name, entry] : entries_) {
                sender = entry->target->address == beat.sender ? entry : sender;
            }
        }
        if (sender) {
            sender->doors->take(beat);
        }
    });
    if (!receiver) {
        return receiver.error();
    }
    receiver_ = std::move(*receiver);
    return ok();
}

Result<Provisioned> SiteTestbed::provision(const DomainSpec& spec,
                                           const std::string& name,
                                           int /*slot*/,
                                           const fs::path& directory) {
    {
        const std::lock_guard lock(mutex_);
        untouched_.insert(name);
    }
    const auto* target = site_.target(spec.name);
    if (target == nullptr) {
        return fail(ErrorKind::refused, "use domain " + spec.name, "no target in " + site_.path);
    }
    const auto host = remote(target->host);
    if (!host) {
        return host.error();
    }
    Status ready = healthy(**host, *target);
    ready = ready ? receive_heartbeats() : ready;
    const auto xml = ready ? (*host)->targets().libvirt().xml(target->domain) : ready.error();
    if (!xml) {
        return xml.error();
    }
    const auto base = fs::absolute(directory) / spec.name;
    std::ofstream(base.string() + ".xml") << *xml;
    auto entry = std::make_shared<Entry>();
    entry->target = target;
    entry->spec = spec;
    entry->host = *host;
    fs::path console;
    if (const auto shell = (*host)->shell(); shell && !target->console.empty()) {
        console = base.string() + ".console";
        entry->console = std::make_unique<RemoteConsole>(**shell, target->console, console);
    }
    auto doors = GuestDoors::open(place_of(*target, **host, console), scheduler_);
    if (!doors) {
        return doors.error();
    }
    entry->doors = std::move(*doors);
    const std::lock_guard lock(mutex_);
    untouched_.erase(name);
    entries_.insert_or_assign(target->domain, std::move(entry));
    return Provisioned{.domain = target->domain, .uuid = target->uuid, .host = target->host};
}

Result<Guest*> SiteTestbed::guest(const std::string& domain) {
    if (const auto entry = find(domain)) {
        return entry->doors.get();
    }
    const auto target = std::ranges::find(site_.targets, domain, &SiteTarget::domain);
    const auto host = target == site_.targets.end() || target->guest != SiteGuest::agent
                          ? fail(ErrorKind::not_found, "find the guest of " + domain, "no agent")
                          : remote(target->host);
    if (!host) {
        return host.error();
    }
    const std::lock_guard lock(mutex_);
    auto& doors = found_[domain];
    if (!doors) {
        auto opened = GuestDoors::open(place_of(*target, **host, {}), scheduler_);
        if (!opened) {
            return opened.error();
        }
        doors = std::move(*opened);
    }
    return doors.get();
}

Result<Specimen> SiteTestbed::capture(const std::string& domain,
                                      const std::string& disk,
                                      const fs::path& destination) {
    const auto tried = "copy disk " + disk + " of " + domain;
    const auto entry = find(domain);
    if (!entry) {
        return fail(ErrorKind::not_found, tried, "the domain was not provisioned here");
    }
    const auto known = std::ranges::find(entry->spec.disks, disk, &DiskSpec::name);
    const auto there = std::ranges::find(entry->target->disks, disk, &SiteDisk::name);
    if (known == entry->spec.disks.end() || there == entry->target->disks.end()) {
        return fail(ErrorKind::not_found, tried, "the domain has no such disk");
    }
    const auto qemu = entry->host->qemu_process(domain);
    if (qemu || qemu.error().kind != ErrorKind::not_found) {
        return qemu ? fail(ErrorKind::refused, tried, "QEMU runs") : qemu.error();
    }
    const auto shell = entry->host->shell();
    if (!shell) {
        return shell.error();
    }
    std::ofstream copy(destination, std::ios::binary);
    std::uint64_t size = 0;
    const auto take = [&](std::string_view data) {
        size += data.size();
        if (all_zero(data)) {
            copy.seekp(static_cast<std::streamoff>(data.size()), std::ios::cur);
        } else {
            copy.write(data.data(), static_cast<std::streamsize>(data.size()));
        }
        return copy.good();
    };
    const auto read = (*shell)->script(
        tried, "cat \"$1\"", {there->image.string()}, {.deadline = image_deadline, .sink = take});
    if (!read) {
        return read.error();
    }
    copy.close();
    std::error_code error;
    fs::resize_file(destination, size, error);
    if (!copy || error) {
        return fail(ErrorKind::unavailable, tried, "could not write " + destination.string());
    }
    return Specimen{.domain = domain, .disk = *known, .image = destination};
}

Result<std::vector<CacheContract>> SiteTestbed::cache_contracts(const std::string& /*domain*/) {
    return std::vector<CacheContract>{};
}

Status SiteTestbed::remove(const std::string& domain) {
    const auto target = std::ranges::find_if(site_.targets, [&](const SiteTarget& each) {
        return each.domain == domain || domain.ends_with("-" + each.name);
    });
    if (target == site_.targets.end()) {
        return ok();
    }
    std::shared_ptr<Entry> entry;
    {
        const std::lock_guard lock(mutex_);
        if (untouched_.contains(domain)) {
            return ok();
        }
        if (auto node = entries_.extract(target->domain)) {
            entry = std::move(node.mapped());
        }
    }
    if (entry && target->guest == SiteGuest::agent) {
        std::ignore = entry->doors->stop_load(stop_deadline);  // none may run
    }
    entry.reset();
    const auto host = remote(target->host);
    if (!host) {
        return host.error();
    }
    auto& libvirt = (*host)->targets();
    Status ready = libvirt.alive(management_deadline);
    const auto state = ready ? libvirt.state(target->domain) : ready.error();
    if (!state) {
        return state.error();
    }
    const bool off = state->state == DomainState::shut_off || state->state == DomainState::crashed;
    return off ? libvirt.start(target->domain) : ok();
}

Fields SiteTestbed::versions() {
    Fields versions;
    if (auto asked = hosts_.front()->targets().libvirt().versions()) {
        versions = std::move(*asked);
    }
    if (const auto kernel = hosts_.front()->run({"uname", "-r"}, management_deadline)) {
        versions.set("kernel", kernel->out.substr(0, kernel->out.find('\n')));
    }
    versions.set("testbed", site_.name);
    if (!notes_.empty()) {
        versions.set("different here", notes_);
    }
    return versions;
}

}  // namespace ordeal
