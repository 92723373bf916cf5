// The only translation unit that sees Boost.Process.
#define BOOST_PROCESS_USE_STD_FS 1

#include "testbed/launch.hpp"

#include "testbed/namespaces.hpp"

// Boost 1.81 forgets these two when it is told to use std::filesystem; they must come before it.
// clang-format off
#include <boost/optional.hpp>
#include <boost/type_traits.hpp>
// clang-format on

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <linux/close_range.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace ordeal {
namespace {

namespace bp = boost::process::v2;

/// Runs between fork and exec: system calls only.
struct CleanStart {
    const char* cwd;  ///< nullptr: stay

    template <class Launcher, class Path>
    bp::error_code on_exec_setup(Launcher& /*launcher*/,
                                 const Path& /*executable*/,
                                 const char* const* /*argv*/) const {
        ::setsid();

        struct sigaction defaults {};

        defaults.sa_handler = SIG_DFL;
        for (int signal = 1; signal < SIGSYS; ++signal) {
            ::sigaction(signal, &defaults, nullptr);
        }
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        // CLOEXEC, not close: the launcher's own error pipe must stay until exec.
        ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
        if (cwd != nullptr && ::chdir(cwd) != 0) {
            return {errno, bp::system_category()};
        }
        return {};
    }

    // Boost 1.81 would call exit() in the forked child, which runs the parent's atexit handlers.
    // It looks this up with five arguments and calls it with four, hence the template.
    template <class... Any>
    void on_exec_error(Any&&... /*unused*/) const {
        ::_exit(127);
    }
};

std::string package_of(std::string_view program) {
    static constexpr auto packages = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"e2fsck", "e2fsprogs"},
        {"ip", "iproute2"},
        {"ipmi_sim", "openipmi"},
        {"ipmitool", "ipmitool"},
        {"libvirtd", "libvirt-daemon"},
        {"mkfs.ext3", "e2fsprogs"},
        {"mkfs.ext4", "e2fsprogs"},
        {"mkfs.xfs", "xfsprogs"},
        {"mke2fs", "e2fsprogs"},
        {"mount", "mount"},
        {"nbdkit", "nbdkit"},
        {"nft", "nftables"},
        {"nsenter", "util-linux"},
        {"qemu-img", "qemu-utils"},
        {"qemu-io", "qemu-utils"},
        {"qemu-nbd", "qemu-utils"},
        {"qemu-system-x86_64", "qemu-system-x86"},
        {"ssh", "openssh-client"},
        {"ssh-keygen", "openssh-client"},
        {"tini", "tini"},
        {"virsh", "libvirt-clients"},
        {"virtlogd", "libvirt-daemon"},
        {"xfs_repair", "xfsprogs"},
    });
    const auto found = std::ranges::find(packages, program, &decltype(packages)::value_type::first);
    return found == packages.end() ? "" : "apt-get install " + std::string(found->second);
}

std::filesystem::path find_program(const std::string& program) {
    if (program.find('/') != std::string::npos) {
        return ::access(program.c_str(), X_OK) == 0 ? program : "";
    }
    // The environment is only written by main() before threads start.
    const char* inherited = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    std::string path = inherited == nullptr ? "/usr/bin:/bin" : inherited;
    path += ":/usr/sbin:/sbin";
    for (std::size_t start = 0; start <= path.size();) {
        const auto end = std::min(path.find(':', start), path.size());
        auto candidate = std::filesystem::path(path.substr(start, end - start)) / program;
        std::error_code ignored;
        if (candidate.is_absolute() && std::filesystem::is_regular_file(candidate, ignored) &&
            ::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
        start = end + 1;
    }
    return {};
}

std::vector<std::string> merged_environment(const LaunchOptions& options) {
    std::vector<std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto name = text.substr(0, text.find('='));
        if (std::ranges::none_of(options.env, [&](const auto& own) { return own.first == name; })) {
            merged.emplace_back(text);
        }
    }
    for (const auto& [name, value] : options.env) {
        merged.push_back(name + "=" + value);
    }
    return merged;
}

Result<Launched> launch_here(const Argv& argv, const LaunchOptions& options) {
    const auto tried = "start " + argv.front();
    const auto program = find_program(argv.front());
    if (program.empty()) {
        return fail(ErrorKind::missing,
                    tried,
                    "no such program",
                    package_of(std::filesystem::path(argv.front()).filename().string()));
    }
    boost::asio::io_context context(1);
    bp::posix::default_launcher launcher;
    bp::error_code error;
    const std::vector<std::string> arguments(argv.begin() + 1, argv.end());
    const auto environment = merged_environment(options);
    std::vector<const char*> entries;
    for (const auto& entry : environment) {
        entries.push_back(entry.c_str());
    }
    entries.push_back(nullptr);
    launcher.env = entries.data();
    auto process = launcher(context.get_executor(),
                            error,
                            program,
                            arguments,
                            bp::process_stdio{options.stdio[0], options.stdio[1], options.stdio[2]},
                            CleanStart{options.cwd.empty() ? nullptr : options.cwd.c_str()});
    if (error) {
        if (launcher.pid > 0) {
            ::waitpid(launcher.pid, nullptr, 0);  // the child is in _exit already
        }
        return fail(ErrorKind::unavailable, tried, error.message());
    }
    static_cast<void>(process.detach());  // or its destructor kills
    return Launched{launcher.pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, launcher.pid, 0)))};
}

}  // namespace

Result<Launched> launch(const Argv& argv, const LaunchOptions& options) {
    if (argv.empty() || argv.front().empty()) {
        return fail(ErrorKind::internal, "start a program", "empty command line");
    }
    if (options.inside == 0) {
        return launch_here(argv, options);
    }
    return inside_namespaces(
        options.inside, Namespaces::all, [&] { return launch_here(argv, options); });
}

}  // namespace ordeal
