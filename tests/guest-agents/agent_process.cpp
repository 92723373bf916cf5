#include "tests/guest-agents/agent_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ordeal::agent {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);

/// Whether the descriptor becomes readable before `end`.
bool readable(int fd, Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd polled{fd, POLLIN, 0};
    return left > 0 && ::poll(&polled, 1, static_cast<int>(left)) > 0;
}

std::filesystem::path make_directory() {
    // In the build tree: unlike /tmp, that is no tmpfs, which has no O_DIRECT.
    std::string path = "agent-test-XXXXXX";
    return std::filesystem::absolute(::mkdtemp(path.data()));
}

}  // namespace

AgentProcess::AgentProcess(std::vector<std::string> more_options) : directory_(make_directory()) {
    // Relative, because a build tree's path may be longer than a socket's name can be.
    const auto socket = std::filesystem::relative(directory_ / "port").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(socket, std::begin(address.sun_path));
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);

    std::vector<std::string> arguments{ORDEAL_AGENT, "--port", socket, "--interval", "20"};
    std::ranges::move(more_options, std::back_inserter(arguments));
    std::vector<char*> argv;
    for (auto& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, ORDEAL_AGENT, nullptr, nullptr, argv.data(), environ), 0);
}

AgentProcess::~AgentProcess() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    hang_up();
    ::close(listener_);
    std::filesystem::remove_all(directory_);
}

void AgentProcess::accept() {
    hang_up();
    ASSERT_TRUE(readable(listener_, Clock::now() + patience)) << "the agent did not connect";
    link_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    decoder_ = {};
    sequence_ = 0;
}

void AgentProcess::hang_up() {
    if (link_ >= 0) {
        ::close(link_);
        link_ = -1;
    }
}

void AgentProcess::send(const wire::Message& message) {
    send_raw(wire::encode(message, sequence_));
    sequence_ = wire::next_sequence(sequence_);
}

void AgentProcess::send_raw(wire::ByteView bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(link_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ASSERT_GT(count, 0);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

std::optional<wire::MessageDecoder::Item> AgentProcess::next(
    const std::function<bool(const wire::MessageDecoder::Item&)>& wanted) {
    const auto end = Clock::now() + patience;
    for (;;) {
        while (auto item = decoder_.next()) {
            seen_.push_back(*item);
            if (wanted(*item)) {
                return item;
            }
        }
        std::array<std::byte, 65536> bytes{};
        const auto count = readable(link_, end) ? ::recv(link_, bytes.data(), bytes.size(), 0) : -1;
        if (count <= 0) {
            ADD_FAILURE() << "the agent did not say what was expected";
            return std::nullopt;
        }
        decoder_.feed(std::span(bytes).first(static_cast<std::size_t>(count)));
    }
}

std::vector<std::uint64_t> AgentProcess::acknowledged() const {
    std::vector<std::uint64_t> sequences;
    for (const auto& item : seen_) {
        const auto* message = std::get_if<wire::Message>(&item);
        if (message != nullptr && std::holds_alternative<wire::Acknowledged>(*message)) {
            std::ranges::copy(std::get<wire::Acknowledged>(*message).sequences,
                              std::back_inserter(sequences));
        }
    }
    return sequences;
}

bool AgentProcess::alive() const {
    return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0;
}

int AgentProcess::wait_signal() {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    const bool ended = readable(pidfd, Clock::now() + patience);
    ::close(pidfd);
    int status = 0;
    if (!ended || ::waitpid(pid_, &status, 0) != pid_) {
        ADD_FAILURE() << "the agent did not end";
        return 0;
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace ordeal::agent
