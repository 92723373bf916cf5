#include "testbed/lab/lab.hpp"

#include "testbed/lab/node_setup.hpp"
#include "testbed/process.hpp"
#include "testbed/procfs.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

Error already_there(const std::string& name) {
    return fail(ErrorKind::refused,
                "start lab " + name,
                "it is up, or was interrupted while starting",
                "ordeal lab down");
}

/// Making the directory is what claims the name.
Status claim(const fs::path& directory, const std::string& name) {
    ::mkdir(labs_directory().c_str(), 0700);
    if (::mkdir(directory.c_str(), 0700) == 0) {
        return ok();
    }
    if (errno == EEXIST) {
        return already_there(name);
    }
    return fail(ErrorKind::unavailable,
                "make " + directory.string(),
                std::system_category().message(errno));
}

struct Leash {
    Fd node_end;
    Fd our_end;
};

Result<Leash> make_leash() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(ErrorKind::unavailable, "open a pipe", std::system_category().message(errno));
    }
    return Leash{Fd(ends[0]), Fd(ends[1])};
}

std::optional<int> count_domains(const LabNode& node) {
    const auto names = run_or_fail({"virsh", "-c", node.libvirt_uri(), "list", "--all", "--name"},
                                   {.deadline = std::chrono::seconds(5)});
    if (!names) {
        return std::nullopt;
    }
    std::istringstream lines(*names);
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
        count += line.empty() ? 0 : 1;
    }
    return count;
}

}  // namespace

Lab::Lab(LabState state, fs::path directory)
    : state_(std::move(state)), directory_(std::move(directory)) {
    for (const auto& node : state_.nodes) {
        nodes_.emplace_back(node, directory_);
    }
}

Lab::~Lab() {
    for (auto& init : inits_) {
        init.release();
    }
}

Result<Lab> Lab::up(const LabOptions& options) {
    const auto directory = lab_directory(options.name);
    if (!directory) {
        return directory.error();
    }
    if (::geteuid() != 0) {
        return fail(ErrorKind::missing, "start lab " + options.name, "not root", "use sudo");
    }
    if (auto claimed = claim(*directory, options.name); !claimed) {
        return claimed.error();
    }
    const auto lock = lock_lab(*directory, Duration::zero());
    if (!lock) {
        return lock.error();
    }
    Lab lab({options.name, false, {{"n1", "10.77.0.1", {}}}}, *directory);
    if (auto started = lab.start(options); !started) {
        // What went wrong first is what the person needs to know.
        static_cast<void>(lab.take_down(std::chrono::seconds(10)));
        return started.error();
    }
    return lab;
}

Status Lab::start(const LabOptions& options) {
    const auto end = Clock::now() + options.deadline;
    if (auto saved = save(state_, directory_); !saved) {
        return saved;
    }
    const auto client_key = generate_ssh_key(directory_ / "client_key");
    if (!client_key) {
        return client_key.error();
    }
    std::vector<Fd> leashes;
    for (auto& node : state_.nodes) {
        auto leash = make_leash();
        if (!leash) {
            return leash.error();
        }
        leashes.push_back(std::move(leash->our_end));
        if (auto made = start_node(node, *client_key, std::move(leash->node_end)); !made) {
            return made;
        }
    }
    if (options.stop.stop_requested()) {
        return fail(ErrorKind::unavailable, "start lab " + name(), "stopped on request");
    }
    if (auto running = start_services(end - Clock::now()); !running) {
        return running;
    }
    state_.complete = true;
    if (auto saved = save(state_, directory_); !saved) {
        return saved;
    }
    for (const auto& leash : leashes) {
        if (::write(leash.get(), "go\n", 3) != 3) {
            return fail(ErrorKind::unavailable, "let lab " + name() + " go", "a node has died");
        }
    }
    return ok();
}

Status Lab::start_node(NodeState& node, const std::string& client_key, Fd leash) {
    const auto directory = directory_ / node.name;
    const auto host_key = write_node_files(directory, node, client_key);
    if (!host_key) {
        return host_key.error();
    }
    std::ofstream(directory_ / "known_hosts", std::ios::app)
        << node.name << "," << node.address << " " << *host_key << "\n";
    auto init = start_init(directory, node, std::move(leash));
    if (!init) {
        return init.error();
    }
    const auto ref = process_ref(init->pid());
    if (!ref) {
        return ref.error();
    }
    node.init = *ref;
    inits_.push_back(std::move(*init));
    *std::ranges::find(nodes_, node.name, &LabNode::name) = LabNode(node, directory_);
    if (auto saved = save(state_, directory_); !saved) {
        return saved;
    }
    return mount_proc(static_cast<pid_t>(ref->pid));
}

Status Lab::start_services(Duration deadline) const {
    std::vector<std::future<Status>> starting;
    for (const auto& node : nodes_) {
        for (const auto service : LabNode::services) {
            starting.push_back(std::async(std::launch::async, [&node, service, deadline] {
                return node.start_service(service, deadline);
            }));
        }
    }
    Status all = ok();
    for (auto& one : starting) {
        const auto started = one.get();
        all = all ? started : all;
    }
    return all;
}

Result<Lab> Lab::open(const std::string& name) {
    const auto directory = lab_directory(name);
    if (!directory) {
        return directory.error();
    }
    auto state = load_lab_state(*directory);
    if (!state && state.error().kind == ErrorKind::not_found && fs::is_directory(*directory)) {
        state = LabState{name, false, {}};  // interrupted before the first word was written
    }
    if (!state) {
        return state.error();
    }
    return Lab(std::move(*state), *directory);
}

std::vector<std::string> Lab::names() {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(labs_directory(), error)) {
        found.push_back(entry.path().filename().string());
    }
    std::ranges::sort(found);
    return found;
}

Status Lab::down(Duration deadline) {
    const auto end = Clock::now() + deadline;
    const auto lock = lock_lab(directory_, deadline);
    if (!lock) {
        return lock.error().kind == ErrorKind::not_found ? ok() : Status(lock.error());
    }
    // Whoever had the lock may have changed it.
    if (auto now = load_lab_state(directory_)) {
        state_ = std::move(*now);
    }
    return take_down(end - Clock::now());
}

Status Lab::take_down(Duration deadline) {
    const auto end = Clock::now() + deadline;
    for (const auto& node : state_.nodes) {
        if (node.init) {
            // Already gone is what we want.
            static_cast<void>(send_signal(*node.init, Signal::kill));
        }
    }
    for (const auto& node : state_.nodes) {
        if (!node.init) {
            continue;
        }
        // The kernel lets PID 1 go only when the last process of its namespace has gone.
        if (auto gone = wait_gone(*node.init, end - Clock::now()); !gone) {
            return gone;
        }
    }
    inits_.clear();
    std::error_code error;
    fs::remove_all(directory_, error);
    if (error) {
        return fail(ErrorKind::unavailable, "remove " + directory_.string(), error.message());
    }
    ::rmdir(labs_directory().c_str());  // stays while another lab is there
    return ok();
}

LabStatus Lab::status() const {
    LabStatus status{state_.name, state_.complete, {}};
    for (const auto& node : nodes_) {
        NodeStatus seen{node.name(), node.address(), node.alive(), {}, {}};
        for (const auto service : LabNode::services) {
            const auto process = node.service_process(service);
            seen.services.push_back(
                {std::string(service), process ? std::optional(*process) : std::nullopt});
        }
        seen.domains = count_domains(node);
        status.nodes.push_back(std::move(seen));
    }
    return status;
}

Result<const LabNode*> Lab::node(std::string_view name) const {
    const auto found = std::ranges::find(nodes_, name, &LabNode::name);
    if (found == nodes_.end()) {
        return fail(ErrorKind::not_found,
                    "find node \"" + std::string(name) + "\" of lab " + state_.name,
                    "no such node");
    }
    return &*found;
}

}  // namespace ordeal
