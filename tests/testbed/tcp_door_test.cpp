#include "testbed/tcp_door.hpp"

#include "core/fd.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

/// Listens on loopback; answers one connection when it is told to.
class Listener {
  public:
    Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_.get(), raw, size), 0);
        EXPECT_EQ(::listen(socket_.get(), 4), 0);
        EXPECT_EQ(::getsockname(socket_.get(), raw, &size), 0);
        port_ = ntohs(address.sin_port);
    }

    [[nodiscard]] TcpDoor door() const { return {.address = "127.0.0.1", .port = port_}; }

    /// Reads a question of one line, unless it speaks first, and sends the words.
    std::jthread answer(std::string words, bool speaks_first = false) {
        return std::jthread([this, words = std::move(words), speaks_first] {
            const Fd one(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            for (char c = 0; !speaks_first && c != '\n';) {
                if (::recv(one.get(), &c, 1, 0) != 1) {
                    return;
                }
            }
            ::send(one.get(), words.data(), words.size(), MSG_NOSIGNAL);
        });
    }

    void close() { socket_.reset(); }

  private:
    Fd socket_;
    std::uint16_t port_ = 0;
};

TEST(TcpDoor, ConnectsToWhoListens) {
    const Listener listener;
    const auto took = tcp_connect(listener.door(), 5s);
    ASSERT_TRUE(took) << took.error().text();
    EXPECT_GT(*took, 0ns);
}

TEST(TcpDoor, SaysThatNobodyListens) {
    Listener listener;
    listener.close();
    EXPECT_EQ(tcp_connect(listener.door(), 5s).error().kind, ErrorKind::refused);
    EXPECT_EQ(tcp_ask(listener.door(), "x", 5s).error().kind, ErrorKind::refused);
}

TEST(TcpDoor, ReadsTheFirstLineOfTheAnswer) {
    Listener listener;
    const auto server = listener.answer("HTTP/1.0 200 OK\r\nServer: none\r\n");
    const auto line = tcp_ask(listener.door(), "GET / HTTP/1.0\n", 5s);
    ASSERT_TRUE(line) << line.error().text();
    EXPECT_EQ(*line, "HTTP/1.0 200 OK");
}

TEST(TcpDoor, HearsWhoSpeaksFirst) {
    Listener listener;
    const auto server = listener.answer("SSH-2.0-OpenSSH_9.2\r\n", true);
    const auto line = tcp_ask(listener.door(), "", 5s);
    ASSERT_TRUE(line) << line.error().text();
    EXPECT_EQ(*line, "SSH-2.0-OpenSSH_9.2");
}

TEST(TcpDoor, WaitsNoLongerThanTheDeadlineForAnAnswer) {
    const Listener listener;  // the kernel connects, and nobody accepts
    EXPECT_TRUE(tcp_connect(listener.door(), 5s));
    EXPECT_EQ(tcp_ask(listener.door(), "GET / HTTP/1.0\n", 50ms).error().kind, ErrorKind::timeout);
}

TEST(TcpDoor, DoesNotTakeAClosedConnectionForAnAnswer) {
    Listener listener;
    const auto server = listener.answer("");
    EXPECT_EQ(tcp_ask(listener.door(), "GET /\n", 5s).error().kind, ErrorKind::unavailable);
}

TEST(TcpDoor, WantsAnAddress) {
    EXPECT_EQ(tcp_connect({.address = "vm", .port = 80}, 1s).error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace ordeal
