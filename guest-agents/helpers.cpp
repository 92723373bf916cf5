#include "guest-agents/helpers.hpp"

#include "core/read_file.hpp"
#include "guest-agents/guest.hpp"
#include "guest-agents/system_failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <spawn.h>
#include <sstream>
#include <unistd.h>

namespace ordeal::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_pending = 8;

std::vector<pid_t> processes() {
    std::vector<pid_t> found;
    std::error_code none;
    // Not a range: going on may fail, too, and must not throw.
    for (fs::directory_iterator at("/proc", none), end; !none && at != end; at.increment(none)) {
        const auto name = at->path().filename().string();
        pid_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc()) {
            found.push_back(pid);
        }
    }
    return found;
}

/// The fault that a process makes, when it is a helper that leads its session.
std::optional<std::string> fault_of(pid_t pid) {
    if (::getsid(pid) != pid) {
        return {};
    }
    std::istringstream words(read_file(fs::path("/proc") / std::to_string(pid) / "cmdline"));
    std::array<std::string, 3> word;
    for (auto& each : word) {
        std::getline(words, each, '\0');
    }
    return word[1] == helper_option ? std::optional(word[2]) : std::nullopt;
}

/// Fields 14 and 15 of proc(5)'s stat; the name before them may hold anything but a last ')'.
std::uint64_t cpu_ticks(pid_t pid) {
    const auto stat = read_file(fs::path("/proc") / std::to_string(pid) / "stat");
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream rest(stat.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) {
        rest >> skipped;
    }
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    rest >> user >> system;
    return user + system;
}

std::uint64_t written(pid_t pid) {
    std::istringstream lines(read_file(fs::path("/proc") / std::to_string(pid) / "io"));
    std::string name;
    std::uint64_t value = 0;
    while (lines >> name >> value) {
        if (name == "write_bytes:") {
            return value;
        }
    }
    return 0;
}

std::vector<std::string> command_line(const wire::InjectFault& request) {
    std::vector<std::string> words{"ordeal-agent", std::string(helper_option), request.kind};
    words.push_back("agent=" + std::to_string(::getpid()));
    for (const auto& [name, value] : request.params) {
        words.push_back(name + "=" + value);
    }
    return words;
}

/// Starts this program again with these words; its standard output is `output`.
Status spawn(std::vector<std::string> words, int output) {
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    errno = error;
    return error == 0 ? ok() : Status(system_failure("start a helper"));
}

}  // namespace

void Helpers::start(const wire::InjectFault& request) {
    std::array<int, 2> pipe{-1, -1};
    Status started = ok();
    const auto making = look_at_helpers().kinds;
    if (std::ranges::find(making, request.kind) != making.end()) {
        started = fail(ErrorKind::refused, "make the fault " + request.kind, "it is there already");
    } else if (pending_.size() >= most_pending || ::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        started = system_failure("make the fault " + request.kind);
    }
    Fd answer(pipe[0]);
    const Fd output(pipe[1]);
    if (started) {
        started = spawn(command_line(request), output.get());
    }
    pending_.push_back({request.request,
                        request.kind,
                        started ? std::move(answer) : Fd(),
                        started ? "" : started.error().text()});
}

void Helpers::add_to(std::vector<pollfd>& polled) const {
    for (const auto& pending : pending_) {
        polled.push_back({pending.answer.get(), POLLIN, 0});
    }
}

/// A helper's answer is one line: empty, or why it could not. An end without a line is a failure.
std::vector<wire::Message> Helpers::take_messages() {
    std::vector<wire::Message> messages;
    std::erase_if(pending_, [&](Pending& pending) {
        if (pending.answer) {
            pollfd polled{pending.answer.get(), POLLIN, 0};
            if (::poll(&polled, 1, 0) <= 0) {
                return false;
            }
            std::array<char, 512> bytes{};
            const auto count = ::read(pending.answer.get(), bytes.data(), bytes.size());
            const std::string_view got(bytes.data(),
                                       static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
            pending.text += got;
            if (count > 0 && !got.ends_with('\n')) {
                return false;
            }
            pending.text = pending.text.ends_with('\n')
                               ? pending.text.substr(0, pending.text.size() - 1)
                               : "the helper of " + pending.kind + " ended";
        }
        messages.emplace_back(wire::Reply{pending.request, pending.text});
        done_.push_back(std::move(pending.answer));
        return true;
    });
    return messages;
}

void end_fault(const std::string& kind) {
    for (const auto pid : processes()) {
        if (fault_of(pid) == kind) {
            ::kill(pid, SIGTERM);
        }
    }
}

HelperUse look_at_helpers() {
    HelperUse use;
    std::vector<pid_t> leaders;
    const auto all = processes();
    for (const auto pid : all) {
        if (auto kind = fault_of(pid)) {
            leaders.push_back(pid);
            use.kinds.push_back(*std::move(kind));
        }
    }
    for (const auto pid : leaders.empty() ? std::vector<pid_t>() : all) {
        if (std::ranges::find(leaders, ::getsid(pid)) != leaders.end()) {
            ++use.processes;
            use.cpu_ticks += cpu_ticks(pid);
            use.written += written(pid);
        }
    }
    return use;
}

}  // namespace ordeal::agent
