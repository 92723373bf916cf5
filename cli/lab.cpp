#include "testbed/lab/lab.hpp"

#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/verbs.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unistd.h>

namespace ordeal::cli {
namespace {

nlohmann::json as_json(const LabStatus& status) {
    nlohmann::json nodes = nlohmann::json::array();
    for (const auto& node : status.nodes) {
        nlohmann::json services;
        for (const auto& service : node.services) {
            services[service.name] = service.process ? service.process->pid : 0;
        }
        nodes.push_back({{"name", node.name},
                         {"address", node.address},
                         {"alive", node.alive},
                         {"boot_id", node.boot_id},
                         {"services", services},
                         {"domains", node.domains ? nlohmann::json(*node.domains) : nullptr}});
    }
    return {{"lab", status.name}, {"complete", status.complete}, {"nodes", nodes}};
}

void print(const LabStatus& status) {
    fmt::print("lab {}: {}\n", status.name, status.complete ? "up" : "not complete");
    for (const auto& node : status.nodes) {
        fmt::print("  {}  {}  {}\n", node.name, node.address, node.alive ? "alive" : "dead");
        for (const auto& service : node.services) {
            fmt::print("      {:<10} {}\n",
                       service.name,
                       service.process ? fmt::format("running, pid {}", service.process->pid)
                                       : "not running");
        }
        fmt::print("      {:<10} {}\n",
                   "domains",
                   node.domains ? std::to_string(*node.domains) : "libvirtd does not answer");
    }
}

int report(const CommonOptions& common, const LabStatus& status) {
    if (common.json) {
        fmt::print("{}\n", as_json(status).dump(2));
    } else {
        print(status);
    }
    return exit_pass;
}

int up(const CommonOptions& common, const LabOptions& options) {
    ordeal::LabOptions wanted;
    wanted.name = options.name;
    wanted.nodes = options.nodes;
    auto lab = Lab::up(wanted);
    return lab ? report(common, lab->status()) : tell(lab.error());
}

int down(const LabOptions& options) {
    auto lab = Lab::open(options.name);
    if (!lab) {
        return tell(lab.error());
    }
    const auto gone = lab->down();
    if (!gone) {
        static_cast<void>(tell(gone.error()));
        return exit_residue;
    }
    fmt::print("lab {}: down, nothing left\n", options.name);
    return exit_pass;
}

int status(const CommonOptions& common, const LabOptions& options) {
    auto lab = Lab::open(options.name);
    return lab ? report(common, lab->status()) : tell(lab.error());
}

/// Becomes the shell: it returns only when that failed.
int shell(const LabOptions& options) {
    auto lab = Lab::open(options.name);
    if (!lab) {
        return tell(lab.error());
    }
    auto node = lab->node(options.node);
    if (!node) {
        return tell(node.error());
    }
    const Argv argv = options.command.empty() ? (*node)->shell() : (*node)->shell(options.command);
    std::vector<char*> arguments;
    arguments.reserve(argv.size() + 1);
    for (const auto& word : argv) {
        arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execvp does not write
    }
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    return tell(
        fail(ErrorKind::missing, "start " + argv.front(), std::system_category().message(errno)));
}

}  // namespace

int execute(const CommonOptions& common, const LabOptions& options) {
    if (options.action == "up") {
        return up(common, options);
    }
    if (options.action == "down") {
        return down(options);
    }
    return options.action == "status" ? status(common, options) : shell(options);
}

}  // namespace ordeal::cli
