#include "testbed/qemu_monitor.hpp"

#include "core/fd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A monitor that greets, and answers each command with the words it was given for it.
class Monitor {
  public:
    using Answers = std::map<std::string, std::string>;

    explicit Monitor(Answers answers) : answers_(std::move(answers)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::ranges::copy(path.string(), std::begin(address.sun_path));
        fs::remove(path);
        socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(
            ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(socket_.get(), 1), 0);
    }

    ~Monitor() { fs::remove(path); }

    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    std::jthread serve() {
        return std::jthread([this] {
            const Fd one(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            say(one, greets);
            std::string line;
            for (char c = 0; ::recv(one.get(), &c, 1, 0) == 1;) {
                line += c;
                if (c == '\n') {
                    answer(one, line);
                    line.clear();
                }
            }
        });
    }

    void close() { socket_.reset(); }

    static constexpr auto greets = R"({"QMP": {"version": {}, "capabilities": []}})";

    const fs::path path =
        fs::temp_directory_path() / ("ordeal-monitor-" + std::to_string(::getpid()));

  private:
    static void say(const Fd& to, const std::string& words) {
        const auto line = words + "\r\n";
        ::send(to.get(), line.data(), line.size(), MSG_NOSIGNAL);
    }

    void answer(const Fd& to, const std::string& question) {
        for (const auto& [command, words] : answers_) {
            if (question.find('"' + command + '"') != std::string::npos) {
                say(to, words);
                return;
            }
        }
        say(to, R"({"return": {}})");
    }

    Answers answers_;
    Fd socket_;
};

TEST(QemuMonitor, ReadsTheRunState) {
    Monitor monitor(Monitor::Answers{
        {"query-status", R"({"return": {"status": "io-error", "running": false}})"}});
    const auto server = monitor.serve();
    const auto state = monitor_run_state(monitor.path, 5s);
    ASSERT_TRUE(state) << state.error().text();
    EXPECT_EQ(*state, "io-error");
}

TEST(QemuMonitor, IsNotConfusedByEvents) {
    Monitor monitor(Monitor::Answers{{"query-status",
                                      "{\"event\": \"RESUME\", \"timestamp\": {}}\r\n"
                                      R"({"return": {"status": "running"}})"}});
    const auto server = monitor.serve();
    const auto state = monitor_run_state(monitor.path, 5s);
    ASSERT_TRUE(state) << state.error().text();
    EXPECT_EQ(*state, "running");
}

TEST(QemuMonitor, CountsTheRequestsOfDisksOnly) {
    Monitor monitor(Monitor::Answers{
        {"x-query-virtio",
         R"({"return": [{"name": "virtio-net", "path": "/n"},)"
         R"( {"name": "virtio-blk", "path": "/d"}]})"},
        {"x-query-virtio-status", R"({"return": {"num-vqs": 2}})"},
        {"x-query-virtio-queue-status", R"({"return": {"inuse": 3, "used-idx": 65535}})"}});
    const auto server = monitor.serve();
    const auto queues = monitor_disk_queues(monitor.path, 5s);
    ASSERT_TRUE(queues) << queues.error().text();
    ASSERT_EQ(queues->size(), 2U);
    EXPECT_EQ(queues->front().waiting, 3U);
    EXPECT_EQ(queues->front().answered, 65535U);
}

TEST(QemuMonitor, SaysThatAnOldQemuCannotTell) {
    Monitor monitor(Monitor::Answers{
        {"x-query-virtio", R"({"error": {"class": "CommandNotFound", "desc": "not found"}})"}});
    const auto server = monitor.serve();
    EXPECT_EQ(monitor_disk_queues(monitor.path, 5s).error().kind, ErrorKind::missing);
}

TEST(QemuMonitor, TakesNothingUnlikeAnAnswerForOne) {
    for (const auto* words :
         {R"({"return": [{"path": 7}]})", R"({"return": 5})", "[]", "nonsense"}) {
        Monitor monitor(Monitor::Answers{{"x-query-virtio", words}});
        const auto server = monitor.serve();
        EXPECT_EQ(monitor_disk_queues(monitor.path, 5s).error().kind, ErrorKind::unavailable)
            << words;
    }
}

TEST(QemuMonitor, WaitsNoLongerThanTheDeadline) {
    const Monitor monitor(Monitor::Answers{});  // stopped: the kernel connects, and nobody greets
    EXPECT_EQ(monitor_run_state(monitor.path, 50ms).error().kind, ErrorKind::timeout);
}

TEST(QemuMonitor, KnowsThatNoQemuIsThere) {
    Monitor monitor(Monitor::Answers{});
    EXPECT_EQ(monitor_run_state("/nowhere/at.all", 1s).error().kind, ErrorKind::not_found);
    monitor.close();  // the socket's file outlives its QEMU
    EXPECT_EQ(monitor_run_state(monitor.path, 1s).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
