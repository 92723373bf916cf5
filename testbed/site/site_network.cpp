#include "testbed/site/site_network.hpp"

#include "testbed/nft_words.hpp"
#include "testbed/ping.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration command_deadline = 3s;

/// Its arguments are devices; its standard input is for nft. Exit codes as of RemoteShell::script.
constexpr const char* check_script = R"(
under() {
    [ "$1" != "$device" ] || return 0
    for lower in "/sys/class/net/$1/lower_"*; do
        ! [ -e "$lower" ] || ! under "${lower##*/lower_}" || return 0
    done
    return 1
}
visitor=${SSH_CLIENT%% *}
way=$(ip -o route get "$visitor" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
[ -n "$way" ] || { echo "it is not known by which device ssh comes from $visitor" >&2; exit 4; }
for device in "$@"; do
    [ -e "/sys/class/net/$device" ] || { echo "there is no network device $device" >&2; exit 3; }
    ! under "$way" || { echo "ssh itself comes by $device: a cut could not be mended" >&2; exit 4; }
done
)";

const std::string make_script = std::string(check_script) + "exec nft -f -";

constexpr const char* renew_script = "exec nft -f -";

/// Nothing to do where there is no such table.
constexpr const char* mend_script = R"(
! nft list table netdev "$1" >/dev/null 2>&1 || nft delete table netdev "$1")";

constexpr const char* list_script = R"(
nft list tables netdev | grep -qx "table netdev $1" || exit 3
nft -j list table netdev "$1")";

constexpr const char* echo_script = R"(
answer=$(ping -n -q -c 1 -W "$2" "$1") &&
    echo "$answer" | sed -n 's/^rtt[^=]*= *\([0-9.]*\).*/\1/p')";

/// For `nft --check`: the kernel is asked and nothing is done.
std::string rules_to_look(const std::string& device, const Impairment& impairment) {
    return fmt::format(
        "add table netdev ordeal-look\n"
        "add chain netdev ordeal-look leave {{ type filter hook egress device {} priority 0; }}\n"
        "add rule netdev ordeal-look leave {}\n",
        device,
        nft_verdict(impairment));
}

}  // namespace

Status can_cut_at(RemoteShell& host, const std::string& device) {
    const auto can =
        host.script("cut at network device " + device,
                    check_script + std::string("exec nft --check -f -"),
                    {device},
                    {.input = rules_to_look(device, {.loss = 1}), .deadline = command_deadline});
    return can ? ok() : Status(can.error());
}

SiteNetwork::SiteNetwork(const Site& site, Remote remote)
    : site_(site),
      remote_(std::move(remote)),
      renewer_([this](const std::stop_token& stop) { renew(stop); }) {}

SiteNetwork::~SiteNetwork() = default;

Result<std::string> SiteNetwork::on(const SiteHost& host,
                                    const std::string& tried,
                                    const std::string& script,
                                    std::vector<std::string> arguments,
                                    std::string input) {
    const auto remote = remote_(host.name);
    const auto shell = remote ? (*remote)->shell() : remote.error();
    if (!shell) {
        return shell.error();
    }
    return (*shell)->script(tried,
                            script,
                            std::move(arguments),
                            {.input = std::move(input), .deadline = command_deadline});
}

std::vector<const SiteHost*> SiteNetwork::with_devices() const {
    std::vector<const SiteHost*> found;
    for (const auto& host : site_.hosts) {
        if (host.target && host.ssh && !host.devices.empty()) {
            found.push_back(&host);
        }
    }
    return found;
}

Status SiteNetwork::cut(const std::string& id, const std::vector<Way>& ways) {
    return impair(id, ways, {.loss = 1});
}

Status SiteNetwork::can_impair(const Impairment& impairment) {
    const auto tried = "worsen the networks of " + site_.name;
    if (impairment.delay > Duration{}) {
        return fail(ErrorKind::missing, tried, "nothing on the hosts of a site delays frames here");
    }
    const auto hosts = with_devices();
    if (hosts.empty()) {
        return fail(ErrorKind::missing,
                    tried,
                    "no host with target = true and [host.ssh] has [host.devices]",
                    "name the network devices in the testbed file");
    }
    for (const auto* host : hosts) {
        const auto& device = host->devices.begin()->second;
        if (const auto can =
                on(*host, tried, "exec nft --check -f -", {}, rules_to_look(device, impairment));
            !can) {
            const bool kernel = can.error().kind == ErrorKind::unavailable;
            return fail(kernel ? ErrorKind::missing : can.error().kind,
                        can.error().tried,
                        can.error().answer);
        }
    }
    return ok();
}

Status SiteNetwork::impair(const std::string& id,
                           const std::vector<Way>& ways,
                           const Impairment& impairment) {
    if (impairment.delay > Duration{}) {
        return can_impair(impairment);
    }
    auto cuts = site_cuts(site_, id, ways, lease, impairment);
    if (!cuts) {
        return cuts.error();
    }
    const std::lock_guard lock(mutex_);
    for (const auto& cut : *cuts) {
        if (const auto made = on(*cut.host, "cut " + id, make_script, cut.devices, cut.make);
            !made) {
            return made.error();  // what the others drop ends with its lease
        }
    }
    renewals_[id] = std::move(*cuts);
    changed_.notify_all();
    return ok();
}

Status SiteNetwork::mend(const std::string& id) {
    if (!good_cut_name(id)) {
        return fail(ErrorKind::usage, "mend \"" + id + "\"", "not a name");
    }
    {
        const std::lock_guard lock(mutex_);
        renewals_.erase(id);
    }
    Status mended = ok();
    for (const auto* host : with_devices()) {
        const auto gone = on(*host, "mend " + id, mend_script, {"ordeal-" + id});
        if (!gone) {
            mended = gone.error();
        }
    }
    return mended;
}

Result<bool> SiteNetwork::is_cut(const std::string& id) {
    const auto tried = "look for cut " + id;
    for (const auto* host : with_devices()) {
        const auto listed = on(*host, tried, list_script, {"ordeal-" + id});
        if (!listed && listed.error().kind == ErrorKind::not_found) {
            continue;
        }
        const auto cut = listed ? nft_has_elements(tried, *listed) : listed.error();
        if (!cut || *cut) {
            return cut;
        }
    }
    return false;
}

Result<std::string> SiteNetwork::address(Plane plane, const std::string& host) const {
    const auto* found = site_.host(host);
    const auto address = found == nullptr ? std::map<Plane, std::string>::const_iterator()
                                          : found->planes.find(plane);
    if (found == nullptr || address == found->planes.end()) {
        return fail(ErrorKind::missing,
                    "reach host " + host + " over " + std::string(name_of(plane)),
                    host.empty() ? "nothing says how hosts reach this machine"
                                 : "its [host.planes] has no address there");
    }
    return address->second;
}

Result<Duration> SiteNetwork::echo(Plane plane,
                                   const std::string& from,
                                   const std::string& to,
                                   Duration deadline) {
    const auto receiver = address(plane, to);
    if (!receiver) {
        return receiver.error();
    }
    if (from.empty()) {
        auto way = Ping::open(0, *receiver);
        return way ? way->echo(deadline) : way.error();
    }
    const auto* sender = site_.host(from);
    if (sender == nullptr) {
        return fail(ErrorKind::not_found, "find host " + from, "none in " + site_.path);
    }
    const auto tried = "echo from " + from + " to " + to;
    const auto seconds = fmt::format(
        "{:.2f}", std::chrono::duration<double>(std::min<Duration>(deadline, 2s)).count());
    const auto answer = on(*sender, tried, echo_script, {*receiver, seconds});
    if (!answer) {
        // ping(8) says nothing on standard error when no echo comes.
        const bool silent = answer.error().answer == "exit code 1";
        return silent ? fail(ErrorKind::timeout, tried, "no echo") : answer.error();
    }
    double milliseconds = 0;
    const auto read =
        std::from_chars(answer->data(), answer->data() + answer->size(), milliseconds);
    if (read.ec != std::errc()) {
        return fail(ErrorKind::corrupt, tried, *answer);
    }
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::milli>(milliseconds));
}

Result<Bytes> SiteNetwork::speed(Plane plane,
                                 const std::string& from,
                                 const std::string& to,
                                 Duration span) {
    if (!from.empty()) {
        return fail(ErrorKind::missing,
                    "measure the way from " + from + " to " + to,
                    "at a real site only the ways from the controller are measured");
    }
    const auto receiver = address(plane, to);
    auto way = receiver ? Ping::open(0, *receiver) : receiver.error();
    return way ? way->speed(span) : way.error();
}

void SiteNetwork::renew(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        changed_.wait(lock, stop, [this] { return !renewals_.empty(); });
        changed_.wait_for(lock, stop, lease / 5, [] { return false; });
        for (const auto& [id, cuts] : renewals_) {
            for (const auto& cut : cuts) {
                const auto done = on(*cut.host, "renew cut " + id, renew_script, {}, cut.renew);
                if (!done) {
                    spdlog::warn("cut is not renewed cut={} error={}", id, done.error().text());
                }
            }
        }
    }
}

}  // namespace ordeal
