#include "verifier/crash/fsck_server.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace ordeal::verifier::crash {
namespace {

constexpr int socket_of_child = 3;
constexpr auto first_answer = std::chrono::seconds(20);

std::filesystem::path settings_of(const std::filesystem::path& image) {
    return image.string() + ".conf";
}

std::vector<std::string> environment(const std::filesystem::path& image) {
    return {std::string("LD_PRELOAD=") + ORDEAL_FORK_LIBRARY,
            "ORDEAL_FORK_FILE=" + image.string(),
            "ORDEAL_FORK_SOCKET=" + std::to_string(socket_of_child),
            "E2FSCK_CONFIG=" + settings_of(image).string(),
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL=C"};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (auto& word : words) {
        all.push_back(word.data());
    }
    all.push_back(nullptr);
    return all;
}

/// e2fsck with `socket` as its descriptor 3 and nowhere to write to; 0 if it cannot be started.
pid_t spawn(const std::filesystem::path& image, int socket) {
    std::vector<std::string> words{"e2fsck", "-fn", image.string()};
    auto variables = environment(image);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, socket, socket_of_child);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t pid = 0;
    const int error = ::posix_spawnp(
        &pid, "e2fsck", &actions, &attributes, pointers(words).data(), pointers(variables).data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? pid : 0;
}

}  // namespace

std::unique_ptr<FsckServer> FsckServer::start(const std::filesystem::path& image) {
    std::array<int, 2> sockets{};
    if (::access(ORDEAL_FORK_LIBRARY, R_OK) != 0 ||
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return nullptr;
    }
    // Bitmaps as plain arrays: a fifth faster on a small disk.
    std::ofstream(settings_of(image)) << "[bitmaps]\n\tall = 1\n";
    // Never the child's own number, for a dup onto itself would keep it closed on exec.
    const int theirs = ::fcntl(sockets[1], F_DUPFD_CLOEXEC, socket_of_child + 1);
    ::close(sockets[1]);
    const pid_t pid = theirs < 0 ? 0 : spawn(image, theirs);
    if (theirs >= 0) {
        ::close(theirs);
    }
    if (pid == 0) {
        ::close(sockets[0]);
        return nullptr;
    }
    std::unique_ptr<FsckServer> server(new FsckServer(sockets[0], pid));  // NOLINT: private
    const bool answers = server->check(first_answer).has_value();
    std::error_code ignored;
    std::filesystem::remove(settings_of(image), ignored);  // it was read
    return answers ? std::move(server) : nullptr;
}

FsckServer::~FsckServer() {
    ::close(socket_);
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

std::optional<int> FsckServer::check(Duration deadline) {
    std::uint8_t byte = 0;
    if (::send(socket_, &byte, 1, MSG_NOSIGNAL) != 1) {
        return {};
    }
    pollfd answer{socket_, POLLIN, 0};
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        const int ready = ::poll(&answer, 1, static_cast<int>(std::max<long>(left.count(), 0)));
        if (ready == 1 && ::recv(socket_, &byte, 1, 0) == 1) {
            constexpr std::uint8_t by_signal = 255;
            return byte == by_signal ? std::optional<int>{} : byte;
        }
        if (ready >= 0 || errno != EINTR) {
            return {};
        }
    }
}

}  // namespace ordeal::verifier::crash
