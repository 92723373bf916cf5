#include "testbed/bare_machines.hpp"

#include "core/read_file.hpp"
#include "testbed/procfs.hpp"
#include "testbed/wait.hpp"

#include <fstream>
#include <system_error>
#include <tuple>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto unmount_deadline = 10s;

/// In a PID and a mount namespace of its own: with its first process all of it goes.
constexpr const char* bare_script = R"sh(
mkdir -p "$6" && mount -t "$2" -o "loop${3:+,$3}" "$1" "$6" && exec "$4" --listen "$5"
)sh";

Argv bare_command(const BareMachine& machine) {
    return {"unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            bare_script,
            "sh",
            machine.disk.string(),
            machine.filesystem,
            machine.mount_options,
            ORDEAL_AGENT,
            machine.agent_socket.string(),
            bare_mount_point};
}

/// The kernel unmounts a little after the namespace's last process has gone.
bool has_loop_device(const fs::path& file) {
    std::error_code ignored;
    for (const auto& device : fs::directory_iterator("/sys/block", ignored)) {
        const auto backing = read_file(device.path() / "loop/backing_file");
        if (backing.substr(0, backing.find('\n')) == file.string()) {
            return true;
        }
    }
    return false;
}

/// The second line of a pid file.
fs::path disk_of(const fs::path& pid_file) {
    std::ifstream file(pid_file);
    std::string process;
    std::string disk;
    std::getline(file, process);
    std::getline(file, disk);
    return disk;
}

}  // namespace

void BareMachines::add(const std::string& name, BareMachine machine) {
    const std::lock_guard lock(mutex_);
    machines_.insert_or_assign(name, std::move(machine));
}

bool BareMachines::is_bare(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return machines_.contains(name);
}

fs::path BareMachines::pid_file(const std::string& name) const {
    return node_.outside(fs::path("/run/ordeal/agents") / (name + ".pid"));
}

Result<ProcessRef> BareMachines::process(const std::string& name) const {
    ProcessRef process;
    std::ifstream(pid_file(name)) >> process.pid >> process.start_ticks;
    if (process.pid == 0 || !process_status(process)) {
        return fail(ErrorKind::not_found, "find the bare machine " + name, "it is off");
    }
    return process;
}

Result<DomainStatus> BareMachines::state(const std::string& domain) {
    if (!is_bare(domain)) {
        return others_.state(domain);
    }
    return DomainStatus{process(domain) ? DomainState::running : DomainState::shut_off, "bare"};
}

Status BareMachines::start(const std::string& domain) {
    if (!is_bare(domain)) {
        return others_.start(domain);
    }
    if (auto ready = before_start_(domain); !ready) {
        return ready;
    }
    BareMachine machine;
    {
        const std::lock_guard lock(mutex_);
        machine = machines_.at(domain);
    }
    std::error_code ignored;
    fs::remove(node_.outside(machine.agent_socket), ignored);
    auto child = Child::spawn(bare_command(machine),
                              {.log = machine.log, .inside = static_cast<pid_t>(node_.init().pid)});
    if (!child) {
        return child.error();
    }
    const auto ref = process_ref(child->pid());
    if (!ref) {
        return fail(ErrorKind::unavailable, "start " + domain, "it ended at once", "see its log");
    }
    std::ofstream(pid_file(domain)) << ref->pid << ' ' << ref->start_ticks << '\n'
                                    << machine.disk.string() << '\n';
    const std::lock_guard lock(mutex_);
    children_.insert_or_assign(domain, std::move(*child));
    return ok();
}

Status BareMachines::destroy(const std::string& domain) {
    return is_bare(domain) ? forget(domain) : others_.destroy(domain);
}

Status BareMachines::forget(const std::string& name) {
    if (const auto running = process(name)) {
        // Its death takes its child with it: --kill-child.
        std::ignore = send_signal(*running, Signal::kill);
    }
    {
        const std::lock_guard lock(mutex_);
        children_.erase(name);  // reaps it
    }
    const auto disk = disk_of(pid_file(name));
    if (!disk.empty() && !wait_until(unmount_deadline, [&] { return !has_loop_device(disk); })) {
        return fail(ErrorKind::timeout, "unmount " + disk.string(), "its loop device stays");
    }
    std::error_code ignored;
    fs::remove(pid_file(name), ignored);  // not before: who comes after us has to wait as well
    return ok();
}

}  // namespace ordeal
