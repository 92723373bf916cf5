#include "testbed/lab/node.hpp"

#include "core/read_file.hpp"
#include "testbed/cache.hpp"
#include "testbed/lab/node_setup.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/wait.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <mutex>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Status unknown_service(std::string_view service) {
    return fail(ErrorKind::usage,
                "find service \"" + std::string(service) + "\"",
                "a node has no such service",
                "libvirtd, virtlogd, virtlockd or sshd");
}

bool unix_socket_answers(const fs::path& path) {
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) {
        return false;
    }
    path.native().copy(address.sun_path, path.native().size());
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
           0;
}

/// A daemon that has gone to the background can still fail to start: ask it.
bool answers(const LabNode& node, std::string_view service, Duration deadline) {
    if (service == "virtlogd" || service == "virtlockd") {
        return unix_socket_answers(node.outside("/run/libvirt") / (std::string(service) + "-sock"));
    }
    if (service == "libvirtd") {
        return run_or_fail({"virsh", "-c", node.libvirt_uri(), "uri"}, {.deadline = deadline})
            .has_value();
    }
    const auto connection =
        connect_inside(static_cast<pid_t>(node.rack().pid), node.address(), 22, deadline);
    return connection.has_value();
}

/// Before a daemon has written its pid file only its name tells.
bool is_there(const LabNode& node, std::string_view service) {
    const auto processes = processes_with(static_cast<pid_t>(node.init().pid));
    return processes &&
           std::ranges::find(*processes, service, &ProcessInfo::name) != processes->end();
}

/// The end of what the service wrote about itself, for an error's answer.
std::string last_log_line(const LabNode& node, std::string_view service) {
    const auto path = service == "sshd"
                          ? node.outside("/run/ordeal/sshd.log")
                          : node.outside("/var/log/libvirt") / (std::string(service) + ".log");
    std::ifstream file(path);
    std::string last;
    for (std::string line; std::getline(file, line);) {
        last = line.empty() ? last : line;
    }
    return last.empty() ? "nothing in " + path.string() : last;
}

}  // namespace

struct LabNode::Seen {
    std::mutex mutex;
    std::string words;  ///< of the hardware's file
    ProcessRef init;
};

LabNode::LabNode(NodeState state, const fs::path& lab_directory, ProcessRef rack)
    : state_(std::move(state)),
      directory_(lab_directory / state_.name),
      rack_(rack),
      seen_(std::make_shared<Seen>()) {}

std::string LabNode::address(Plane plane) const {
    return node_address(plane, state_.number);
}

ProcessRef LabNode::init() const {
    const std::string words = read_file(directory_ / "init");
    const std::lock_guard lock(seen_->mutex);
    if (words != seen_->words || seen_->init.pid == 0) {
        pid_t inner = 0;  // as the rack counts
        std::uint64_t start_ticks = 0;
        std::istringstream(words) >> inner >> start_ticks;
        const auto found = inner > 0 ? process_below(static_cast<pid_t>(rack_.pid), inner)
                                     : Result<ProcessInfo>(Error{});
        const bool same = found && found->ref.start_ticks == start_ticks;
        seen_->words = words;
        seen_->init = same ? found->ref : ProcessRef{};
    }
    if (seen_->init.pid != 0 && !process_status(seen_->init)) {
        seen_->init = {};
    }
    return seen_->init;
}

bool LabNode::alive() const {
    return init().pid != 0;
}

fs::path LabNode::outside(const fs::path& inside) const {
    for (const auto& path : private_paths()) {
        const auto below = inside.lexically_relative(path.inside);
        if (!below.empty() && *below.begin() != "..") {
            const auto source = directory_ / path.source;
            return below == "." ? source : source / below;
        }
    }
    return inside;
}

std::string LabNode::libvirt_uri() const {
    return "qemu+unix:///system?socket=" + outside("/run/libvirt/libvirt-sock").string();
}

std::string LabNode::libvirt_network_uri() const {
    return "qemu+tcp://" + address() + "/system";
}

SshTarget LabNode::ssh() const {
    SshTarget target;
    target.host = address();
    target.key = directory_.parent_path() / "client_key";
    target.known_hosts = directory_.parent_path() / "known_hosts";
    return target;
}

Argv LabNode::shell(const Argv& command) const {
    const auto pid = std::to_string(init().pid);
    Argv argv{"nsenter", "--target=" + pid, "--mount", "--uts", "--ipc", "--net", "--pid"};
    argv.push_back("--root=/proc/" + pid + "/root");
    argv.emplace_back("--wdns=/");
    argv.emplace_back("--");
    argv.insert(argv.end(), command.begin(), command.end());
    return argv;
}

std::span<const std::string_view> LabNode::own_services() const {
    return state_.role == NodeRole::storage ? std::span(services).last(1) : std::span(services);
}

Result<ProcessRef> LabNode::service_process(std::string_view service) const {
    if (std::ranges::find(services, service) == services.end()) {
        return unknown_service(service).error();
    }
    pid_t inner = 0;
    std::ifstream(outside("/run") / (std::string(service) + ".pid")) >> inner;
    if (inner > 0) {
        // The file outlives a killed service, and its pid may be somebody else's by now.
        const auto info = process_inside(static_cast<pid_t>(init().pid), inner);
        if (info && info->name == service) {
            return info->ref;
        }
    }
    return fail(ErrorKind::not_found,
                "find " + std::string(service) + " on " + name(),
                "it is not running");
}

Status LabNode::start_service(std::string_view service, Duration deadline) const {
    const auto end = std::chrono::steady_clock::now() + deadline;
    const auto running = service_process(service);
    if (!running && running.error().kind != ErrorKind::not_found) {
        return running.error();
    }
    if (!running) {
        const auto command = service_command(service);
        if (!command) {
            return command.error();
        }
        if (!alive()) {
            return fail(ErrorKind::unavailable,
                        "start " + std::string(service) + " on " + name(),
                        "the node is down");
        }
        RunOptions options{.deadline = deadline, .inside = static_cast<pid_t>(init().pid)};
        options.cwd = "/";
        options.background = Background::kept;
        if (service == "sshd") {
            options.env = {{"LD_LIBRARY_PATH", unpacked_libraries().string()}};
        }
        const auto started = run_or_fail(*command, options);
        if (!started) {
            return started.error();
        }
    }
    return await_service(service, end - std::chrono::steady_clock::now());
}

Status LabNode::await_service(std::string_view service, Duration deadline) const {
    const auto end = std::chrono::steady_clock::now() + deadline;
    const auto left = [&] {
        return std::max<Duration>(end - std::chrono::steady_clock::now(), 1ms);
    };
    bool seen = false;
    bool gone = false;
    // A daemon's first process can end between the listing of /proc and the look at it, and the
    // second be too young for the listing: one look without either proves nothing.
    constexpr int enough = 5;
    int missed = 0;
    const bool up = wait_until(
        left(),
        [&] {
            // Asking takes longer than looking whether there is anybody to ask.
            const bool there = is_there(*this, service);
            if (there && answers(*this, service, left())) {
                return true;
            }
            missed = there ? 0 : missed + 1;
            gone = seen && missed >= enough;
            seen = seen || there;
            return gone || !alive();
        },
        {},
        20ms);
    if (!up || gone || !alive()) {
        return fail(up ? ErrorKind::unavailable : ErrorKind::timeout,
                    "start " + std::string(service) + " on " + name(),
                    last_log_line(*this, service));
    }
    return ok();
}

Status LabNode::stop_service(std::string_view service, Duration patience) const {
    const auto process = service_process(service);
    if (!process) {
        return process.error().kind == ErrorKind::not_found ? ok() : Status(process.error());
    }
    static_cast<void>(send_signal(*process, Signal::term));
    if (wait_gone(*process, patience)) {
        return ok();
    }
    static_cast<void>(send_signal(*process, Signal::kill));
    return wait_gone(*process, 5s);
}

}  // namespace ordeal
