#include "testbed/site/site_doctor.hpp"

#include "testbed/agent_link.hpp"
#include "testbed/ping.hpp"
#include "testbed/site/remote_host.hpp"
#include "testbed/site/site_network.hpp"

#include <algorithm>
#include <compare>
#include <sstream>
#include <thread>
#include <tuple>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr const char* channel_name = "org.ordeal.agent.0";

std::tuple<int, int, int> numbers(const std::string& version) {
    int major = 0;
    int minor = 0;
    int patch = 0;
    char dot = 0;
    std::istringstream(version) >> major >> dot >> minor >> dot >> patch;
    return {major, minor, patch};
}

/// The doors of one host and of the targets on it.
class HostDoctor {
  public:
    HostDoctor(const Site& site, const SiteHost& host, Duration patience)
        : site_(site), host_(host), patience_(patience) {}

    std::vector<DoorState> run() {
        auto opened = RemoteHost::open(site_, host_);
        if (!opened) {
            failed(host_.name, "libvirt", opened.error(), "");
            return std::move(doors_);
        }
        remote_ = std::move(*opened);
        const bool shell = host_.ssh && try_shell();
        const bool libvirt = try_libvirt();
        if (host_.bmc) {
            try_power(shell);
        }
        if (shell) {
            try_devices();
        }
        for (const auto& storage : site_.storage) {
            if (storage.host == host_.name) {
                try_storage(storage);
            }
        }
        for (const auto& target : site_.targets) {
            if (target.host == host_.name) {
                try_target(target, libvirt);
            }
        }
        return std::move(doors_);
    }

  private:
    void good(const std::string& place, const char* door, std::string found) {
        doors_.push_back({.place = place, .door = door, .open = true, .found = std::move(found)});
    }

    /// The error's own hint, when it has one, mends better than the general word.
    void failed(const std::string& place,
                const char* door,
                const Error& error,
                const std::string& mend) {
        doors_.push_back({.place = place,
                          .door = door,
                          .found = error.tried + ": " + error.answer,
                          .mend = error.hint.empty() ? mend : error.hint});
    }

    bool try_shell() {
        const auto id = remote_->boot_id(patience_);
        if (id) {
            good(host_.name, "ssh", "boot id " + *id);
        } else {
            failed(
                host_.name, "ssh", id.error(), "ssh " + host_.ssh->user + "@" + host_.ssh->address);
        }
        return id.has_value();
    }

    bool try_libvirt() {
        const std::string mend = "virsh -c '" + host_.libvirt +
                                 "' list; there: systemctl start "
                                 "libvirtd";
        const auto alive = remote_->targets().alive(patience_);
        const auto versions =
            alive ? remote_->targets().libvirt().versions() : Result<Fields>(alive.error());
        if (!versions) {
            failed(host_.name, "libvirt", versions.error(), mend);
            return false;
        }
        const auto version = versions->get<std::string>("libvirt");
        if (!new_enough(version)) {
            failed(host_.name,
                   "libvirt",
                   fail(ErrorKind::missing,
                        "use libvirt of " + host_.name,
                        "its version is " + version,
                        std::string("install ") + oldest_libvirt + " or newer there"),
                   "");
            return false;
        }
        good(host_.name, "libvirt", version + ", QEMU " + versions->get<std::string>("qemu"));
        return true;
    }

    void try_power(bool answers_by_shell) {
        const auto& bmc = *host_.bmc;
        IpmiPower power({.host = host_.name,
                         .address = bmc.address,
                         .port = bmc.port,
                         .user = bmc.user,
                         .password = bmc.password,
                         .cipher_suite = bmc.cipher_suite});
        const auto state = power.state(patience_);
        if (!state) {
            failed(host_.name,
                   "power",
                   state.error(),
                   "ipmitool -I lanplus -H " + bmc.address + " -U " + bmc.user +
                       " -E chassis power status");
        } else if (*state == PowerState::off && answers_by_shell) {
            failed(host_.name,
                   "power",
                   fail(ErrorKind::corrupt,
                        "ask the power controller at " + bmc.address,
                        "it says off, but the host answers by ssh",
                        "see whose controller has this address; no status of it can be believed"),
                   "");
        } else {
            good(host_.name, "power", std::string(name_of(*state)));
        }
    }

    void try_devices() {
        const auto shell = remote_->shell();
        for (const auto& [plane, device] : host_.devices) {
            const auto can = shell ? can_cut_at(**shell, device) : Status(shell.error());
            report(host_.name,
                   "device",
                   can,
                   device + ", the " + std::string(name_of(plane)) + " plane, can be cut",
                   can || can.error().kind != ErrorKind::refused
                       ? "on " + host_.name + ": ip link; apt-get install nftables"
                       : "take it out of [host.devices], or let ssh come by another device");
        }
    }

    void try_storage(const SiteStorage& storage) {
        const auto process = remote_->service_process(storage.service);
        if (process) {
            good(storage.name,
                 "storage",
                 storage.service + " runs as process " + std::to_string(process->pid) + " on " +
                     host_.name);
        } else {
            failed(storage.name,
                   "storage",
                   process.error(),
                   "on " + host_.name + ": systemctl start " + storage.service);
        }
    }

    void try_target(const SiteTarget& target, bool libvirt) {
        if (!libvirt) {
            failed(target.name,
                   "domain",
                   fail(ErrorKind::unavailable,
                        "look at domain " + target.domain,
                        "libvirt of " + host_.name + " does not answer"),
                   "see above");
            return;
        }
        auto& hypervisor = remote_->targets();
        const auto may = hypervisor.permitted(target.domain);
        const auto state = may ? hypervisor.state(target.domain) : may.error();
        if (!state) {
            failed(target.name, "domain", state.error(), "virsh list --all");
            return;
        }
        if (state->state != DomainState::running) {
            failed(target.name,
                   "domain",
                   fail(ErrorKind::refused,
                        "use domain " + target.domain,
                        "it is " + std::string(name_of(state->state))),
                   "virsh -c '" + host_.libvirt + "' start " + target.domain);
            return;
        }
        good(target.name, "domain", target.domain + " runs on " + host_.name + " and may be hurt");
        try_guest(target);
    }

    void try_guest(const SiteTarget& target) {
        if (target.guest == SiteGuest::agent) {
            try_agent(target);
        } else if (target.guest == SiteGuest::guest_agent) {
            const auto ping = remote_->targets().ping_guest_agent(target.domain, patience_);
            report(target.name,
                   "guest-agent",
                   ping,
                   "it answers",
                   "in the guest: systemctl start qemu-guest-agent");
        }
        if (!target.address.empty()) {
            auto ping = Ping::open(0, target.address);
            const auto echo = ping ? ping->echo(patience_ / 2) : Result<Duration>(ping.error());
            report(target.name,
                   "ping",
                   echo ? ok() : Status(echo.error()),
                   "it answers",
                   "ping " + target.address);
        }
        if (!target.console.empty()) {
            report_readable(target.name,
                            "console",
                            target.console,
                            "virsh edit " + target.domain + ": <serial> with <log file='" +
                                target.console.string() + "'/>");
        }
        for (const auto& disk : target.disks) {
            if (!disk.image.empty()) {
                report_readable(
                    target.name, "disk", disk.image, "virsh domblklist " + target.domain);
            }
        }
    }

    void report(const std::string& place,
                const char* door,
                const Status& status,
                const std::string& found,
                const std::string& mend) {
        if (status) {
            good(place, door, found);
        } else {
            failed(place, door, status.error(), mend);
        }
    }

    void report_readable(const std::string& place,
                         const char* door,
                         const std::filesystem::path& file,
                         const std::string& mend) {
        const auto answer = remote_->run({"test", "-r", file.string()}, patience_);
        Status readable = answer ? ok() : Status(answer.error());
        if (answer && answer->exit_code != 0) {
            readable = fail(ErrorKind::not_found,
                            "read " + file.string() + " on " + host_.name,
                            "not there, or not readable");
        }
        report(place, door, readable, file.string(), mend);
    }

    /// Asks for the agent's hello, which changes nothing. QEMU serves one visitor at a time.
    void try_agent(const SiteTarget& target) {
        const auto shell = remote_->shell();
        auto stream =
            shell ? open_stream((*shell)->route(), {.socket = target.agent_socket}, patience_)
                  : Result<RoutedStream>(shell.error());
        auto link = stream ? AgentLink::over(
                                 stream->stream->take(), [](auto, const auto&) {}, patience_)
                           : Result<std::unique_ptr<AgentLink>>(stream.error());
        const auto hello =
            link ? (*link)->wait_hello(patience_) : Result<wire::Hello>(link.error());
        if (hello) {
            good(target.name, "agent", "version " + hello->agent_version);
            return;
        }
        const bool there = stream.has_value();
        failed(target.name,
               "agent",
               hello.error(),
               there ? "in the guest: systemctl start ordeal-agent (package ordeal-agent)"
                     : std::string("virsh edit ") + target.domain +
                           ": <channel type='unix'> with <source mode='bind' path='" +
                           target.agent_socket.string() + "'/> and <target type='virtio' name='" +
                           channel_name + "'/>");
    }

    const Site& site_;
    const SiteHost& host_;
    const Duration patience_;
    std::unique_ptr<RemoteHost> remote_;
    std::vector<DoorState> doors_;
};

}  // namespace

bool new_enough(const std::string& libvirt_version) {
    return numbers(libvirt_version) >= numbers(oldest_libvirt);
}

std::vector<DoorState> try_doors(const Site& site, Duration patience) {
    std::vector<std::vector<DoorState>> found(site.hosts.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < site.hosts.size(); ++i) {
            threads.emplace_back(
                [&, i] { found[i] = HostDoctor(site, site.hosts[i], patience).run(); });
        }
    }
    std::vector<DoorState> doors;
    for (auto& each : found) {
        std::ranges::move(each, std::back_inserter(doors));
    }
    return doors;
}

}  // namespace ordeal
