#include "testbed/lab/impairment.hpp"

#include "testbed/lab/network.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration tool_deadline = 5s;

Result<std::string> tc(const ProcessRef& rack, const std::string& tried, Argv words) {
    words.insert(words.begin(), "tc");
    const auto said =
        run(words, {.deadline = tool_deadline, .cwd = "/", .inside = static_cast<pid_t>(rack.pid)});
    if (!said) {
        return said.error();
    }
    if (!said->exit.success()) {
        const bool unknown = said->err.find("qdisc kind is unknown") != std::string::npos;
        return fail(unknown ? ErrorKind::missing : ErrorKind::refused, tried, said->err);
    }
    return said->out;
}

std::string netem_time(Duration delay) {
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(delay).count()) +
           "us";
}

Result<std::vector<std::string>> find_ports(const ProcessRef& rack, const std::string& id) {
    const auto listed = tc(rack, "look for the delay " + id, {"-j", "qdisc", "show"});
    return listed ? delayed_ports(*listed, id) : listed.error();
}

}  // namespace

Status kernel_can(const Impairment& impairment) {
    Argv argv{"unshare", "--net"};
    RunOptions options{.deadline = tool_deadline, .cwd = "/"};
    const bool delays = impairment.delay > Duration{};
    if (delays) {
        for (const auto& word : {"tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay"}) {
            argv.emplace_back(word);
        }
        argv.push_back(netem_time(impairment.delay));
    } else {
        argv.insert(argv.end(), {"nft", "-f", "-"});
        options.input = cut_commands("here", {{.from = "n1", .to = ""}}, 1s, impairment)->make;
    }
    const auto* const tried = delays ? "delay frames" : "drop frames";
    const auto said = run(argv, options);
    if (!said) {
        return said.error();
    }
    if (!said->exit.success()) {
        auto answer = said->err.substr(0, said->err.find('\n'));
        return fail(ErrorKind::missing,
                    tried,
                    "the kernel cannot: " + answer,
                    delays ? "modprobe sch_netem, where the kernel has it" : "");
    }
    return ok();
}

std::string handle_of(const std::string& id) {
    // FNV-1a, folded; see http://www.isthe.com/chongo/tech/comp/fnv/
    std::uint32_t hash = 2166136261U;
    for (const char c : id) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    return fmt::format("{:x}:", 1U + ((hash >> 16U) ^ (hash & 0xffffU)) % 0xffffU);
}

Result<std::vector<std::string>> delayed_ports(const std::string& listed, const std::string& id) {
    const auto document = nlohmann::json::parse(listed, nullptr, false);
    if (!document.is_array()) {
        return fail(ErrorKind::corrupt, "look for the delay " + id, listed);
    }
    std::vector<std::string> ports;
    for (const auto& qdisc : document) {
        if (qdisc.value("kind", "") == "netem" && qdisc.value("handle", "") == handle_of(id)) {
            ports.push_back(qdisc.value("dev", ""));
        }
    }
    return ports;
}

Status delay_ports(const ProcessRef& rack,
                   const std::string& id,
                   const std::vector<Way>& ways,
                   Duration delay) {
    const auto tried = "delay " + id;
    for (const auto& way : ways) {
        if (!way.from.empty() || way.to.empty()) {
            return fail(ErrorKind::usage, tried, "only what goes to a host can be delayed");
        }
        const Argv words{"qdisc",
                         "add",
                         "dev",
                         port_of(way.to, way.plane),
                         "root",
                         "handle",
                         handle_of(id),
                         "netem",
                         "limit",  // by default what waits beyond 1000 frames is lost
                         "1000000",
                         "delay",
                         netem_time(delay)};
        if (const auto added = tc(rack, tried, words); !added) {
            return added.error();
        }
    }
    return ok();
}

Status free_ports(const ProcessRef& rack, const std::string& id) {
    const auto ports = find_ports(rack, id);
    if (!ports) {
        return ports.error();
    }
    for (const auto& port : *ports) {
        if (const auto gone = tc(rack, "mend " + id, {"qdisc", "del", "dev", port, "root"});
            !gone) {
            return gone.error();
        }
    }
    return ok();
}

Result<bool> has_delayed_ports(const ProcessRef& rack, const std::string& id) {
    const auto ports = find_ports(rack, id);
    return ports ? Result<bool>(!ports->empty()) : ports.error();
}

}  // namespace ordeal
