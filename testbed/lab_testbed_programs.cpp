// Programs that are started on a node of the lab: each is a session of its own, whose leader's pid
// is in a file of the node.
#include "core/read_file.hpp"
#include "testbed/lab_testbed_host.hpp"
#include "testbed/procfs.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr auto death_deadline = 5s;
constexpr const char* directory = "/run/ordeal/programs";

constexpr const char* start_script = R"(mkdir -p /run/ordeal/programs
cd / && name=$1 && shift
setsid "$@" </dev/null >"/run/ordeal/programs/$name.log" 2>&1 &
echo $! >"/run/ordeal/programs/$name.pid"
)";

Bytes resident(pid_t pid) {
    std::uint64_t size = 0;
    std::uint64_t pages = 0;
    std::istringstream(read_file("/proc/" + std::to_string(pid) + "/statm")) >> size >> pages;
    return Bytes{pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

Bytes written(pid_t pid) {
    constexpr std::string_view key = "\nwrite_bytes: ";
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/io");
    const auto found = text.find(key);
    std::uint64_t count = 0;
    if (found != std::string::npos) {
        const auto* begin = text.data() + found + key.size();
        std::from_chars(begin, text.data() + text.size(), count);
    }
    return Bytes{count};
}

}  // namespace

Status LabHost::start_program(const std::string& name,
                              const std::vector<std::string>& argv,
                              Duration deadline) {
    const auto tried = "start program " + name + " on " + this->name();
    if (program(name)) {
        return fail(ErrorKind::refused, tried, "it runs already");
    }
    std::vector<std::string> command{"sh", "-c", start_script, "sh", name};
    command.insert(command.end(), argv.begin(), argv.end());
    const auto answer = run(command, deadline);
    if (!answer) {
        return answer.error();
    }
    return answer->exit_code == 0 ? ok() : Status(fail(ErrorKind::refused, tried, answer->err));
}

Result<std::vector<ProcessInfo>> LabHost::members(const std::string& name) const {
    pid_t inner = 0;
    std::ifstream(node_.outside(directory) / (name + ".pid")) >> inner;
    const auto init = static_cast<pid_t>(node_.init().pid);
    if (inner <= 0 || init == 0) {
        return std::vector<ProcessInfo>{};
    }
    auto all = processes_with(init);
    if (!all) {
        return all.error();
    }
    const auto leader = std::ranges::find_if(
        *all, [&](const ProcessInfo& info) { return info.pids.back() == inner; });
    const pid_t session = leader == all->end() ? 0 : static_cast<pid_t>(leader->ref.pid);
    std::erase_if(*all,
                  [&](const ProcessInfo& info) { return session == 0 || info.session != session; });
    return all;
}

Result<ProgramStatus> LabHost::program(const std::string& name) {
    const auto tried = "find program " + name + " on " + this->name();
    const auto found = members(name);
    if (!found) {
        return found.error();
    }
    ProgramStatus status;
    for (const auto& info : *found) {
        const auto pid = static_cast<pid_t>(info.ref.pid);
        status.process = info.session == pid ? info.ref : status.process;
        status.cpu_time += info.cpu_time;
        status.resident.count += resident(pid).count;
        status.written.count += written(pid).count;
    }
    if (status.process.pid == 0) {
        return fail(ErrorKind::not_found, tried, "it does not run");
    }
    return status;
}

Status LabHost::end_program(const std::string& name) {
    const auto found = members(name);
    if (!found) {
        return found.error().kind == ErrorKind::not_found ? ok() : Status(found.error());
    }
    // All are known before the first dies: without the leader the others could not be found.
    Status ended = ok();
    for (const auto& info : *found) {
        const auto sent = send_signal(info.ref, Signal::kill);
        ended = sent || sent.error().kind == ErrorKind::not_found ? ended : sent;
    }
    for (const auto& info : *found) {
        const auto gone = wait_gone(info.ref, death_deadline);
        ended = ended ? gone : ended;
    }
    return ended;
}

}  // namespace ordeal
