#include "testbed/lab/network.hpp"

#include "testbed/lab/impairment.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/nft_words.hpp"
#include "testbed/process.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration nft_deadline = 5s;

std::string table_of(const std::string& id) {
    return "bridge ordeal-" + id;
}

/// The sets: what comes in by a port, what goes out by one, and what goes from one to another.
struct Elements {
    std::vector<std::string> in;
    std::vector<std::string> out;
    std::vector<std::string> through;
};

std::string in_sets(const std::string& verb,
                    const std::string& table,
                    const Elements& elements,
                    const std::string& timeout = {}) {
    return nft_elements(verb, table, "in", elements.in, timeout) +
           nft_elements(verb, table, "out", elements.out, timeout) +
           nft_elements(verb, table, "through", elements.through, timeout);
}

}  // namespace

Result<CutCommands> cut_commands(const std::string& id,
                                 const std::vector<Way>& ways,
                                 Duration lease,
                                 const Impairment& impairment) {
    const auto tried = "cut \"" + id + "\"";
    if (!good_cut_name(id)) {
        return fail(ErrorKind::usage, tried, "not a name", "1 to 60 letters, digits, - _ .");
    }
    Elements elements;
    for (const auto& way : ways) {
        if (way.from.empty() && way.to.empty()) {
            return fail(ErrorKind::usage, tried, "a way from everybody to everybody");
        }
        const auto from = '"' + port_of(way.from, way.plane) + '"';
        const auto to = '"' + port_of(way.to, way.plane) + '"';
        if (way.to.empty()) {
            elements.in.push_back(from);
        } else if (way.from.empty()) {
            elements.out.push_back(to);
        } else {
            elements.through.push_back(from + " . " + to);
        }
    }
    const auto table = table_of(id);
    const auto timeout = nft_timeout(lease);
    CutCommands commands;
    commands.make = fmt::format(
        "add table {0}\n"
        "delete table {0}\n"
        "add table {0}\n"
        "add set {0} in {{ type ifname; flags timeout; }}\n"
        "add set {0} out {{ type ifname; flags timeout; }}\n"
        "add set {0} through {{ type ifname . ifname; flags timeout; }}\n"
        "add chain {0} enter {{ type filter hook prerouting priority 0; }}\n"
        "add chain {0} leave {{ type filter hook postrouting priority 0; }}\n"
        "add chain {0} pass {{ type filter hook forward priority 0; }}\n"
        "add rule {0} enter iifname @in {1}\n"
        "add rule {0} leave oifname @out {1}\n"
        "add rule {0} pass iifname . oifname @through {1}\n",
        table,
        nft_verdict(impairment));
    commands.make += in_sets("add", table, elements, timeout);
    // In one transaction; the elements are there, or were a moment ago.
    commands.renew = in_sets("add", table, elements, timeout) + in_sets("delete", table, elements) +
                     in_sets("add", table, elements, timeout);
    return commands;
}

LabNetwork::LabNetwork(std::vector<LabNode> nodes, ProcessRef rack)
    : nodes_(std::move(nodes)),
      rack_(rack),
      renewer_([this](const std::stop_token& stop) { renew(stop); }) {}

LabNetwork::~LabNetwork() = default;

Result<std::string> LabNetwork::nft(const std::string& tried,
                                    const std::vector<std::string>& words,
                                    const std::string& commands) const {
    Argv argv{"nft"};
    argv.insert(argv.end(), words.begin(), words.end());
    RunOptions options;
    options.input = commands;
    options.deadline = nft_deadline;
    options.inside = static_cast<pid_t>(rack_.pid);
    options.cwd = "/";
    const auto answer = run(argv, options);
    if (!answer) {
        return fail(answer.error().kind, tried, answer.error().answer, answer.error().hint);
    }
    if (!answer->exit.success()) {
        const bool absent = answer->err.find("No such file") != std::string::npos;
        return fail(absent ? ErrorKind::not_found : ErrorKind::unavailable, tried, answer->err);
    }
    return answer->out;
}

Result<const LabNode*> LabNetwork::node(const std::string& name) const {
    const auto found = std::ranges::find(nodes_, name, &LabNode::name);
    if (found == nodes_.end()) {
        return fail(ErrorKind::not_found, "find host " + name, "the lab has none");
    }
    return &*found;
}

Status LabNetwork::known(const std::vector<Way>& ways) const {
    for (const auto& way : ways) {
        for (const auto& name : {way.from, way.to}) {
            if (const auto found = node(name); !name.empty() && !found) {
                return found.error();
            }
        }
    }
    return ok();
}

Status LabNetwork::cut(const std::string& id, const std::vector<Way>& ways) {
    return impair(id, ways, {.loss = 1});
}

Status LabNetwork::can_impair(const Impairment& impairment) {
    return kernel_can(impairment);
}

Status LabNetwork::impair(const std::string& id,
                          const std::vector<Way>& ways,
                          const Impairment& impairment) {
    if (auto all = known(ways); !all) {
        return all;
    }
    if (impairment.delay > Duration{}) {
        return delay_ports(rack_, id, ways, impairment.delay);
    }
    const auto commands = cut_commands(id, ways, lease, impairment);
    if (!commands) {
        return commands.error();
    }
    const std::lock_guard lock(mutex_);
    const auto made = nft("cut " + id, {"-f", "-"}, commands->make);
    if (!made) {
        return made.error();
    }
    renewals_[id] = commands->renew;
    changed_.notify_all();
    return ok();
}

Status LabNetwork::mend(const std::string& id) {
    if (!good_cut_name(id)) {
        return fail(ErrorKind::usage, "mend \"" + id + "\"", "not a name");
    }
    const std::lock_guard lock(mutex_);
    renewals_.erase(id);
    const auto gone = nft("mend " + id, {"-f", "-"}, "delete table " + table_of(id) + "\n");
    if (auto freed = free_ports(rack_, id); !freed) {
        return freed;
    }
    return gone || gone.error().kind == ErrorKind::not_found ? ok() : Status(gone.error());
}

Result<bool> LabNetwork::is_cut(const std::string& id) {
    const auto tried = "look for cut " + id;
    const auto listed = nft(tried, {"-j", "list", "table", "bridge", "ordeal-" + id}, "");
    if (!listed) {
        return listed.error().kind == ErrorKind::not_found ? has_delayed_ports(rack_, id)
                                                           : listed.error();
    }
    return nft_has_elements(tried, *listed);
}

Result<Ping> LabNetwork::open_way(Plane plane,
                                  const std::string& from,
                                  const std::string& to) const {
    auto inside = rack_;
    if (!from.empty()) {
        const auto sender = node(from);
        if (!sender) {
            return sender.error();
        }
        inside = (*sender)->init();
    }
    const auto receiver = to.empty() ? Result<const LabNode*>(nullptr) : node(to);
    if (!receiver) {
        return receiver.error();
    }
    if (inside.pid == 0) {
        return fail(ErrorKind::unavailable, "reach " + to + " from " + from, from + " is down");
    }
    return Ping::open(static_cast<pid_t>(inside.pid),
                      to.empty() ? rack_address(plane) : (*receiver)->address(plane));
}

Result<Duration> LabNetwork::echo(Plane plane,
                                  const std::string& from,
                                  const std::string& to,
                                  Duration deadline) {
    auto way = open_way(plane, from, to);
    return way ? way->echo(deadline) : way.error();
}

Result<Bytes> LabNetwork::speed(Plane plane,
                                const std::string& from,
                                const std::string& to,
                                Duration span) {
    auto way = open_way(plane, from, to);
    return way ? way->speed(span) : way.error();
}

void LabNetwork::renew(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        changed_.wait(lock, stop, [this] { return !renewals_.empty(); });
        changed_.wait_for(lock, stop, lease / 5, [] { return false; });
        std::erase_if(renewals_, [this](const auto& renewal) {
            const auto& [id, commands] = renewal;
            const auto done = nft("renew cut " + id, {"-f", "-"}, commands);
            const bool mended = !done && done.error().kind == ErrorKind::not_found;
            if (!done && !mended) {
                spdlog::warn("cut is not renewed cut={} error={}", id, done.error().text());
            }
            return mended;  // by another process
        });
    }
}

}  // namespace ordeal
