#include "testbed/heartbeat_receiver.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>

namespace ordeal {
namespace {

std::variant<wire::Heartbeat, wire::Problem> read_datagram(wire::ByteView bytes) {
    wire::MessageDecoder decoder;
    decoder.feed(bytes);
    auto item = decoder.next();
    if (!item) {
        return wire::Problem{wire::ProblemKind::truncated,
                             "datagram of " + std::to_string(bytes.size()) + " bytes"};
    }
    if (auto* problem = std::get_if<wire::Problem>(&*item)) {
        return std::move(*problem);
    }
    if (auto* beat = std::get_if<wire::Heartbeat>(&std::get<wire::Message>(*item))) {
        return std::move(*beat);
    }
    return wire::Problem{wire::ProblemKind::message, "a datagram that is no heartbeat"};
}

}  // namespace

Result<std::unique_ptr<HeartbeatReceiver>> HeartbeatReceiver::start(Fd socket, Sink sink) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    Fd wake(::eventfd(0, EFD_CLOEXEC));
    if (!wake || ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        return fail(ErrorKind::unavailable,
                    "receive network heartbeats",
                    std::error_code(errno, std::generic_category()).message());
    }
    return std::unique_ptr<HeartbeatReceiver>(
        new HeartbeatReceiver(std::move(socket), std::move(wake), std::move(sink)));
}

HeartbeatReceiver::HeartbeatReceiver(Fd socket, Fd wake, Sink sink)
    : socket_(std::move(socket)), wake_(std::move(wake)), sink_(std::move(sink)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { receive_until_stopped(stop); });
}

HeartbeatReceiver::~HeartbeatReceiver() {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
}

void HeartbeatReceiver::receive_until_stopped(const std::stop_token& stop) {
    std::array<std::byte, 2048> bytes{};
    for (;;) {
        std::array polled{pollfd{socket_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
        ::poll(polled.data(), polled.size(), -1);
        if (stop.stop_requested()) {
            return;
        }
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const auto count = ::recvfrom(socket_.get(),
                                      bytes.data(),
                                      bytes.size(),
                                      MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from),
                                      &size);
        const auto at = std::chrono::steady_clock::now();
        if (count < 0) {
            continue;
        }
        std::array<char, INET_ADDRSTRLEN> sender{};
        ::inet_ntop(AF_INET, &from.sin_addr, sender.data(), sender.size());
        sink_({at,
               sender.data(),
               read_datagram(std::span(bytes).first(static_cast<std::size_t>(count)))});
    }
}

}  // namespace ordeal
