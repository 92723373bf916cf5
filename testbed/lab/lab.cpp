#include "testbed/lab/lab.hpp"

#include "testbed/lab/hardware.hpp"
#include "testbed/lab/node_setup.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/lab/rack.hpp"
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
    make_nodes();
}

Lab::~Lab() {
    if (init_) {
        init_->release();
    }
}

void Lab::make_nodes() {
    nodes_.clear();
    for (const auto& node : state_.nodes) {
        nodes_.emplace_back(node, directory_, rack());
    }
}

Result<Lab> Lab::up(const LabOptions& options) {
    const auto directory = lab_directory(options.name);
    if (!directory) {
        return directory.error();
    }
    const auto tried = "start lab " + options.name;
    if (options.nodes < 1 || options.nodes > most_nodes) {
        return fail(ErrorKind::usage,
                    tried,
                    "it cannot have " + std::to_string(options.nodes) + " nodes",
                    "1 to " + std::to_string(most_nodes));
    }
    if (::geteuid() != 0) {
        return fail(ErrorKind::missing, tried, "not root", "use sudo");
    }
    if (auto claimed = claim(*directory, options.name); !claimed) {
        return claimed.error();
    }
    const auto lock = lock_lab(*directory, Duration::zero());
    if (!lock) {
        return lock.error();
    }
    LabState state;
    state.name = options.name;
    for (int number = 1; number <= options.nodes; ++number) {
        state.nodes.push_back({"n" + std::to_string(number), number});
    }
    state.nodes.push_back({storage_node, storage_number, NodeRole::storage});
    Lab lab(std::move(state), *directory);
    if (auto started = lab.start(options); !started) {
        // What went wrong first is what the person needs to know.
        static_cast<void>(lab.take_down(std::chrono::seconds(10)));
        return started.error();
    }
    return lab;
}

Status Lab::start(const LabOptions& options) {
    const auto end = Clock::now() + options.deadline;
    Status done = save(state_, directory_);
    done = done ? write_rack_files(directory_) : done;
    done = done ? write_node_files(directory_, state_.nodes) : done;
    for (const auto& node : state_.nodes) {
        done = done ? write_hardware_files(directory_, node) : done;
    }
    auto leash = make_leash();
    if (!done || !leash) {
        return done ? Status(leash.error()) : done;
    }
    done = start_rack_and_nodes(std::move(leash->node_end), end - Clock::now());
    if (done && options.stop.stop_requested()) {
        done = fail(ErrorKind::unavailable, "start lab " + name(), "stopped on request");
    }
    if (!done) {
        return done;
    }
    state_.complete = true;
    if (auto saved = save(state_, directory_); !saved) {
        return saved;
    }
    if (::write(leash->our_end.get(), "go\n", 3) != 3) {
        return fail(ErrorKind::unavailable, "let lab " + name() + " go", "its rack has died");
    }
    return ok();
}

Status Lab::start_rack_and_nodes(Fd leash, Duration deadline) {
    const auto end = Clock::now() + deadline;
    auto init = start_rack(std::move(leash));
    if (!init) {
        return init.error();
    }
    init_ = std::move(*init);
    const auto ref = process_ref(init_->pid());
    if (!ref) {
        return ref.error();
    }
    state_.rack = *ref;
    make_nodes();
    Status done = save(state_, directory_);
    done = done ? mount_proc(static_cast<pid_t>(ref->pid)) : done;
    if (!done) {
        return done;
    }
    std::vector<std::future<Status>> starting;
    for (const auto& node : nodes_) {
        starting.push_back(std::async(std::launch::async, [this, &node, end] {
            return start_node(node, end - Clock::now());
        }));
    }
    for (auto& one : starting) {
        const auto started = one.get();
        done = done ? started : done;
    }
    return done;
}

Status Lab::start_node(const LabNode& node, Duration deadline) const {
    const auto end = Clock::now() + deadline;
    Status done = plug(directory_, node.name(), rack(), deadline);
    for (const auto service : node.own_services()) {
        done = done ? node.await_service(service, end - Clock::now()) : done;
    }
    return done;
}

Result<Lab> Lab::open(const std::string& name) {
    const auto directory = lab_directory(name);
    if (!directory) {
        return directory.error();
    }
    auto state = load_lab_state(*directory);
    if (!state && state.error().kind == ErrorKind::not_found && fs::is_directory(*directory)) {
        state = LabState{name, false, {}, {}};  // interrupted before the first word was written
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
    if (state_.rack) {
        // Already gone is what we want. The kernel lets PID 1 go only when the last process of its
        // namespace has gone, those of the nodes included.
        static_cast<void>(send_signal(*state_.rack, Signal::kill));
        if (auto gone = wait_gone(*state_.rack, end - Clock::now()); !gone) {
            return gone;
        }
    }
    init_.reset();
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
        NodeStatus seen;
        seen.name = node.name();
        seen.address = node.address();
        seen.alive = node.alive();
        std::ifstream(node.outside("/run/ordeal/boot_id")) >> seen.boot_id;
        for (const auto service : node.own_services()) {
            const auto process = node.service_process(service);
            seen.services.push_back(
                {std::string(service), process ? std::optional(*process) : std::nullopt});
        }
        if (node.role() == NodeRole::storage) {
            seen.domains = 0;
        } else if (seen.alive) {
            seen.domains = count_domains(node);
        }
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
