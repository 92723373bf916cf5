#include "testbed/site/remote_host.hpp"

#include "testbed/site/remote_stat.hpp"

#include <chrono>
#include <string_view>
#include <utility>

// The scripts below are for any POSIX shell. They end with 3 when the thing is not there and with 4
// when it must not be touched, see RemoteShell::script.
namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_answer = 5s;
constexpr Duration unit_deadline = 20s;

/// libvirt names a QEMU's domain in `-name guest=<domain>,…`; its pid file may outlive it.
constexpr const char* qemu_script = R"sh(
pid=$(cat "/run/libvirt/qemu/$1.pid" 2>/dev/null) || exit 3
tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | while read -r word; do
    case $word in "guest=$1" | "guest=$1",*) exit 9 ;; esac
done
[ $? = 9 ] || exit 3
cat "/proc/$pid/stat" 2>/dev/null || exit 3
)sh";

constexpr const char* service_script = R"sh(
pid=$(pgrep -o -x "$1") || exit 3
cat "/proc/$pid/stat" 2>/dev/null || exit 3
)sh";

constexpr const char* stat_script = R"sh(
cat "/proc/$1/stat" 2>/dev/null || exit 3
)sh";

/// pid, start time, signal, then what may be signalled.
constexpr const char* signal_script = R"sh(
pid=$1 ticks=$2 signal=$3
shift 3
read -r stat 2>/dev/null <"/proc/$pid/stat" || exit 3
name=${stat#*\(} name=${name%)*}
words="$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline")"
may() {
    for game; do
        { [ "$game" = any ] || [ "$game" = "comm=$name" ]; } && return 0
        printf '%s\n' "$words" | while read -r word; do
            case $word in "$game" | "$game",*) exit 9 ;; esac
        done
        [ $? = 9 ] && return 0
    done
    return 1
}
may "$@" || { echo "process $pid ($name) is no target" >&2; exit 4; }
set -- ${stat##*) }
[ "${20}" = "$ticks" ] && [ "$1" != Z ] || exit 3
kill -s "$signal" "$pid"
)sh";

std::string_view word_of(Signal signal) {
    switch (signal) {
        case Signal::kill:
            return "KILL";
        case Signal::stop:
            return "STOP";
        case Signal::cont:
            return "CONT";
        case Signal::term:
            return "TERM";
        case Signal::abort:
            return "ABRT";
        case Signal::segv:
            break;
    }
    return "SEGV";
}

LibvirtOptions libvirt_options(const SiteHost& host) {
    std::string uri = host.libvirt;
    // Without a terminal ssh must fail, not wait for a password.
    if (uri.starts_with("qemu+ssh") && uri.find("no_tty") == uri.npos) {
        uri += (uri.find('?') == uri.npos ? "?" : "&") + std::string("no_tty=1");
    }
    return {.uri = std::move(uri),
            .connect_deadline = Duration::zero(),
            .call_deadline = 10s,
            .retry_interval = 500ms};
}

}  // namespace

Result<std::unique_ptr<RemoteHost>> RemoteHost::open(
    const Site& site,
    const SiteHost& host,
    std::function<Status(const std::string& domain)> before_start) {
    auto options = libvirt_options(host);
    options.before_start = std::move(before_start);
    auto libvirt = Libvirt::open(std::move(options));
    if (!libvirt) {
        return libvirt.error();
    }
    return std::unique_ptr<RemoteHost>(new RemoteHost(site, host, std::move(*libvirt)));
}

RemoteHost::RemoteHost(const Site& site, const SiteHost& host, std::unique_ptr<Libvirt> libvirt)
    : site_(site), host_(host), hypervisor_(site, host.name, std::move(libvirt)) {
    if (host.ssh) {
        shell_.emplace(host.name, route_to(site, *host.ssh));
    }
    if (host.bmc) {
        const auto& bmc = *host.bmc;
        power_.emplace(IpmiTarget{.host = host.name,
                                  .address = bmc.address,
                                  .port = bmc.port,
                                  .user = bmc.user,
                                  .password = bmc.password,
                                  .cipher_suite = bmc.cipher_suite});
    }
}

Result<RemoteShell*> RemoteHost::shell() {
    if (!shell_) {
        return fail(ErrorKind::missing,
                    "reach host " + name() + " by ssh",
                    "it has no [host.ssh] in " + site_.path);
    }
    return &*shell_;
}

Result<std::string> RemoteHost::script(const std::string& tried,
                                       const std::string& text,
                                       std::vector<std::string> arguments,
                                       Duration deadline) {
    const auto way = shell();
    return way ? (*way)->script(tried, text, std::move(arguments), {.deadline = deadline})
               : Result<std::string>(way.error());
}

Status RemoteHost::permitted(const std::string& tried) const {
    return host_.target ? ok()
                        : Status(fail(ErrorKind::refused,
                                      tried + " on host " + host_.name,
                                      site_.path + " permits no faults of this host",
                                      "target = true in its [[host]] permits them"));
}

std::vector<std::string> RemoteHost::fair_game() const {
    if (host_.target) {
        return {"any"};
    }
    std::vector<std::string> game;
    for (const auto& target : site_.targets) {
        if (target.host == host_.name) {
            game.push_back("guest=" + target.domain);
        }
        for (const auto& disk : target.disks) {
            for (const auto& storage : site_.storage) {
                if (storage.name == disk.storage && storage.host == host_.name) {
                    game.push_back("comm=" + storage.service);
                }
            }
        }
    }
    return game;
}

Result<ProcessRef> RemoteHost::qemu_process(const std::string& domain) {
    const auto tried = "find the QEMU of " + domain;
    const auto line = script(tried, qemu_script, {domain});
    const auto process = line ? parse_stat(tried, *line) : line.error();
    return process ? process->ref : Result<ProcessRef>(process.error());
}

Result<ProcessRef> RemoteHost::service_process(const std::string& service) {
    const auto tried = "find " + service;
    const auto line = script(tried, service_script, {service});
    const auto process = line ? parse_stat(tried, *line) : line.error();
    return process ? process->ref : Result<ProcessRef>(process.error());
}

Status RemoteHost::start_service(const std::string& service) {
    auto argv = host_.start_service;
    argv.push_back(service);
    const auto started = script("start " + service, "\"$@\"", argv, unit_deadline);
    if (!started) {
        return started.error();
    }
    return service == "libvirtd" ? hypervisor_.alive(first_answer) : ok();
}

Result<ProcessStatus> RemoteHost::process_status(const ProcessRef& process) {
    const auto tried = "look at process " + std::to_string(process.pid);
    const auto line = script(tried, stat_script, {std::to_string(process.pid)});
    const auto found = line ? parse_stat(tried, *line) : line.error();
    if (!found) {
        return found.error();
    }
    if (found->ref.start_ticks != process.start_ticks) {
        return fail(ErrorKind::not_found, tried, "its pid belongs to another process now");
    }
    return found->status;
}

Status RemoteHost::signal(const ProcessRef& process, Signal signal) {
    std::vector<std::string> arguments{std::to_string(process.pid),
                                       std::to_string(process.start_ticks),
                                       std::string(word_of(signal))};
    for (auto& game : fair_game()) {
        arguments.push_back(std::move(game));
    }
    const auto sent = script("signal process " + arguments.front(), signal_script, arguments);
    return sent ? ok() : Status(sent.error());
}

Result<Power*> RemoteHost::power() {
    const std::string tried = "reach the power controller of host " + name();
    if (!power_) {
        return fail(ErrorKind::missing, tried, "it has no [host.bmc] in " + site_.path);
    }
    const auto may = permitted("switch the power");
    return may ? Result<Power*>(&*power_) : may.error();
}

Result<std::string> RemoteHost::boot_id(Duration deadline) {
    auto id = script("read the boot id", "cat /proc/sys/kernel/random/boot_id", {}, deadline);
    return id ? id->substr(0, id->find('\n')) : id;
}

Result<HostOutput> RemoteHost::run(const std::vector<std::string>& argv, Duration deadline) {
    const auto way = shell();
    return way ? (*way)->run(argv, {.deadline = deadline}) : Result<HostOutput>(way.error());
}

Status RemoteHost::sysrq(char letter, Duration deadline) {
    const auto tried = std::string("give sysrq ") + letter;
    if (auto may = permitted(tried); !may) {
        return may;
    }
    const auto way = shell();
    if (!way) {
        return way.error();
    }
    const auto command = "echo \"$1\" >\"$2\"";
    const auto given =
        (*way)->run({"sh", "-c", command, "sh", std::string(1, letter), host_.sysrq_trigger},
                    {.deadline = deadline});
    if (given && given->exit_code != 0) {
        return fail(ErrorKind::refused, tried + " on host " + name(), given->err);
    }
    // The trigger is written before the host goes, but the answer may be lost with it.
    const bool began = given || given.error().tried.find("ssh: run ") != std::string::npos;
    return began ? ok() : Status(given.error());
}

}  // namespace ordeal
