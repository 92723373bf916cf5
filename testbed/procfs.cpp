#include "testbed/procfs.hpp"

#include "core/read_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <linux/nsfs.h>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

std::string label(std::int64_t pid) {
    return "process " + std::to_string(pid);
}

Error gone(std::int64_t pid) {
    return fail(ErrorKind::not_found, "look at " + label(pid), "it is gone");
}

// Without streams: the probes read this ten times a second for each domain.

/// The next word, taken off the front of `line`; empty at its end.
std::string_view take_word(std::string_view& line) {
    const auto start = std::min(line.find_first_not_of(" \t"), line.size());
    const auto end = std::min(line.find_first_of(" \t\n", start), line.size());
    const auto word = line.substr(start, end - start);
    line.remove_prefix(end);
    return word;
}

std::uint64_t number_in(std::string_view word) {
    std::uint64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

/// The values of one line of /proc/<pid>/status.
std::vector<pid_t> numbers_after(std::string_view status, const std::string& key) {
    const auto found = status.find("\n" + key + ":");
    std::vector<pid_t> numbers;
    if (found != std::string::npos) {
        auto line = status.substr(found + key.size() + 2);
        line = line.substr(0, line.find('\n'));
        for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
            numbers.push_back(static_cast<pid_t>(number_in(word)));
        }
    }
    return numbers;
}

std::string pid_namespace(pid_t pid) {
    std::error_code error;
    return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/pid", error).string();
}

/// The pid namespace that contains the one of `pid`, see ioctl_ns(2).
std::string namespace_above(pid_t pid) {
    const Fd own(
        ::open(("/proc/" + std::to_string(pid) + "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC));
    const Fd above(own ? ::ioctl(own.get(), NS_GET_PARENT) : -1);
    if (!above) {
        return {};
    }
    std::error_code error;
    return fs::read_symlink("/proc/self/fd/" + std::to_string(above.get()), error).string();
}

int number_of(Signal signal) {
    switch (signal) {
        case Signal::kill:
            return SIGKILL;
        case Signal::stop:
            return SIGSTOP;
        case Signal::cont:
            return SIGCONT;
        case Signal::term:
            return SIGTERM;
        case Signal::abort:
            return SIGABRT;
        case Signal::segv:
            return SIGSEGV;
    }
    std::abort();
}

/// A pidfd that certainly means this process: opened first, start time compared afterwards.
Result<Fd> open_process(const ProcessRef& process) {
    const auto pid = static_cast<pid_t>(process.pid);
    Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!handle) {
        return gone(process.pid);
    }
    const auto now = process_info(pid);
    if (!now || now->ref.start_ticks != process.start_ticks) {
        return gone(process.pid);
    }
    return handle;
}

/// What /proc/<pid>/stat says; `pids` is left empty.
Result<ProcessInfo> read_stat(pid_t pid, const fs::path& directory) {
    const auto stat = read_file(directory / "stat");
    // The name is in parentheses and may itself contain some.
    const auto open = stat.find('(');
    const auto close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) {
        return gone(pid);
    }
    constexpr std::size_t first = 3;  // proc(5) numbers the field after the name 3
    constexpr std::size_t starttime = 22;
    std::array<std::string_view, starttime - first + 1> fields;
    auto rest = std::string_view(stat).substr(close + 1);
    for (auto& field : fields) {
        field = take_word(rest);
    }
    if (fields.back().empty()) {
        return gone(pid);
    }
    const auto number = [&](std::size_t field) { return number_in(fields[field - first]); };
    ProcessInfo info;
    info.name = stat.substr(open + 1, close - open - 1);
    info.state = fields[0].front();
    if (info.state == 'Z' || info.state == 'X') {
        return gone(pid);
    }
    const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    info.cpu_time = Duration((number(14) + number(15)) * (1'000'000'000 / ticks_per_second));
    info.threads = static_cast<int>(number(20));
    info.session = static_cast<pid_t>(number(6));
    info.ref = {pid, number(starttime)};
    return info;
}

}  // namespace

Result<ProcessInfo> process_info(pid_t pid, const fs::path& proc) {
    const auto directory = proc / std::to_string(pid);
    auto info = read_stat(pid, directory);
    if (info) {
        const auto status = read_file(directory / "status");
        if (status.empty()) {
            return gone(pid);
        }
        info->pids = numbers_after(status, "NSpid");
    }
    return info;
}

Result<ProcessRef> process_ref(pid_t pid) {
    auto info = process_info(pid);
    if (!info) {
        return info.error();
    }
    return info->ref;
}

Result<ProcessStatus> process_status(const ProcessRef& process) {
    const auto pid = static_cast<pid_t>(process.pid);
    const auto info = read_stat(pid, "/proc/" + std::to_string(pid));
    if (!info || info->ref.start_ticks != process.start_ticks) {
        return gone(process.pid);
    }
    return ProcessStatus{info->state, info->cpu_time};
}

Result<std::vector<Duration>> vcpu_times(const ProcessRef& qemu) {
    if (const auto there = process_status(qemu); !there) {
        return there.error();
    }
    std::vector<Duration> times;
    std::error_code ended;
    const fs::path tasks = "/proc/" + std::to_string(qemu.pid) + "/task";
    for (fs::directory_iterator task(tasks, ended), end; !ended && task != end;
         task.increment(ended)) {
        const auto name = read_file(task->path() / "comm");
        if (name.starts_with("CPU ") || name.starts_with("ALL CPUs/")) {
            const auto spent = read_file(task->path() / "schedstat");
            std::string_view words = spent;
            times.emplace_back(number_in(take_word(words)));
        }
    }
    if (times.empty()) {
        return fail(
            ErrorKind::missing, "look at " + label(qemu.pid), "none of its threads is a processor");
    }
    return times;
}

Result<std::vector<ProcessInfo>> processes_with(pid_t member) {
    const auto wanted = pid_namespace(member);
    if (wanted.empty()) {
        return gone(member);
    }
    std::vector<ProcessInfo> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec != std::errc() || pid_namespace(pid) != wanted) {
            continue;
        }
        if (auto info = process_info(pid)) {
            found.push_back(std::move(*info));
        }
    }
    return found;
}

Result<ProcessInfo> process_inside(pid_t member, pid_t inner) {
    auto processes = processes_with(member);
    if (!processes) {
        return processes.error();
    }
    const auto match = std::ranges::find_if(*processes, [&](const ProcessInfo& info) {
        return !info.pids.empty() && info.pids.back() == inner;
    });
    if (match == processes->end()) {
        return fail(
            ErrorKind::not_found,
            "find pid " + std::to_string(inner) + " in the pid namespace of " + label(member),
            "no such process");
    }
    return *match;
}

Result<ProcessInfo> process_below(pid_t member, pid_t inner) {
    const auto owner = process_info(member);
    const auto above = pid_namespace(member);
    if (!owner || above.empty()) {
        return gone(member);
    }
    const auto depth = owner->pids.size();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec != std::errc()) {
            continue;
        }
        auto info = process_info(pid);
        const bool counted = info && info->pids.size() == depth + 1;
        if (counted && info->pids[depth - 1] == inner && namespace_above(pid) == above) {
            return info;
        }
    }
    return fail(ErrorKind::not_found,
                "find pid " + std::to_string(inner) + " below " + label(member),
                "no such process");
}

Status send_signal(const ProcessRef& process, Signal signal) {
    const auto handle = open_process(process);
    if (!handle) {
        return handle.error();
    }
    if (::syscall(SYS_pidfd_send_signal, handle->get(), number_of(signal), nullptr, 0) == 0) {
        return ok();
    }
    if (errno == ESRCH) {
        return gone(process.pid);
    }
    return fail(
        ErrorKind::refused, "signal " + label(process.pid), std::system_category().message(errno));
}

Result<ProcessHold> ProcessHold::open(const ProcessRef& process) {
    auto handle = open_process(process);
    if (!handle) {
        return handle.error();
    }
    return ProcessHold(process, std::move(*handle));
}

bool ProcessHold::alive() const {
    pollfd ended{handle_.get(), POLLIN, 0};
    return handle_ && ::poll(&ended, 1, 0) == 0;
}

Status wait_gone(const ProcessRef& process, Duration deadline) {
    const auto handle = open_process(process);
    if (!handle) {
        return ok();
    }
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        std::array<pollfd, 1> watched{pollfd{handle->get(), POLLIN, 0}};
        const auto wait = std::max<std::int64_t>(left.count(), 0);
        const int count = ::poll(watched.data(), 1, static_cast<int>(wait));
        if (count > 0) {
            return ok();
        }
        if (count == 0) {
            return fail(ErrorKind::timeout,
                        "wait for the end of " + label(process.pid),
                        "still there after " + to_text(deadline));
        }
    }
}

}  // namespace ordeal
