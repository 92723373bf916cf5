#include "testbed/ping.hpp"

#include "testbed/namespaces.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <optional>
#include <poll.h>
#include <random>
#include <span>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Echoes that are on their way together, and how long to wait for them before the next ones go.
constexpr int batch = 16;
constexpr auto batch_time = 2ms;

/// The internet checksum (RFC 1071) of a header of an even number of bytes.
std::uint16_t checksum(std::span<const std::byte> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        std::uint16_t word = 0;
        std::memcpy(&word, &bytes[i], sizeof word);
        sum += word;
    }
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

icmphdr echo_request(std::uint16_t id, std::uint16_t sequence) {
    icmphdr header{};
    header.type = ICMP_ECHO;
    header.un.echo.id = id;
    header.un.echo.sequence = sequence;
    header.checksum = checksum(std::as_bytes(std::span(&header, 1)));
    return header;
}

/// The ICMP header behind the IP header that a raw socket delivers.
std::optional<icmphdr> icmp_header(std::span<const std::byte> packet) {
    if (packet.empty()) {
        return {};
    }
    const auto ip_size = (std::to_integer<std::size_t>(packet[0]) & 0xfU) * 4U;
    if (packet.size() < ip_size + sizeof(icmphdr)) {
        return {};
    }
    icmphdr header{};
    std::memcpy(&header, packet.data() + ip_size, sizeof header);
    return header;
}

/// No neighbour answers, or no way leads there: for the caller the same as silence.
bool unreachable(int error) {
    return error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN;
}

bool wait_readable(int socket, Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd readable{socket, POLLIN, 0};
    return ::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
}

}  // namespace

Result<Ping> Ping::open(pid_t inside, const std::string& address) {
    const auto tried = "ping " + address;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) {
        return fail(ErrorKind::usage, tried, "not an IPv4 address");
    }
    auto socket = socket_inside(inside, AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
    if (!socket) {
        return socket.error();
    }
    if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        return fail(ErrorKind::unavailable, tried, std::system_category().message(errno));
    }
    return Ping(std::move(*socket), address);
}

Ping::Ping(Fd socket, std::string address)
    : socket_(std::move(socket)),
      address_(std::move(address)),
      id_(static_cast<std::uint16_t>(std::random_device{}())),
      one_at_a_time_(std::make_unique<std::mutex>()) {}

Result<Duration> Ping::echo(Duration deadline) {
    const std::lock_guard lock(*one_at_a_time_);
    const auto tried = "ping " + address_;
    const auto request = echo_request(id_, ++sequence_);
    const auto begin = Clock::now();
    const auto end = begin + deadline;
    const auto failed = [&](int error) {
        return fail(unreachable(error) ? ErrorKind::timeout : ErrorKind::unavailable,
                    tried,
                    std::system_category().message(error));
    };
    if (::send(socket_.get(), &request, sizeof request, MSG_NOSIGNAL) < 0) {
        return failed(errno);
    }
    std::array<std::byte, 512> packet{};
    while (wait_readable(socket_.get(), end)) {
        const auto count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
        const auto at = Clock::now();
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            return failed(errno);
        }
        const auto size = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
        const auto answer = icmp_header(std::span(packet).first(size));
        if (answer && answer->type == ICMP_ECHOREPLY && answer->un.echo.id == request.un.echo.id &&
            answer->un.echo.sequence == request.un.echo.sequence) {
            return at - begin;
        }
    }
    return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
}

Result<Bytes> Ping::speed(Duration span) {
    const std::lock_guard lock(*one_at_a_time_);
    std::array<std::byte, large> request{};
    std::array<std::byte, 512> packet{};
    std::uint64_t answers = 0;
    const auto begin = Clock::now();
    const auto end = begin + span;
    while (Clock::now() < end) {
        for (int i = 0; i < batch; ++i) {
            // The zeros behind the header do not change its checksum.
            const auto header = echo_request(id_, ++sequence_);
            std::memcpy(request.data(), &header, sizeof header);
            // What has no room, or no way, does not come back.
            static_cast<void>(::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL));
        }
        const auto next = std::min(end, Clock::now() + batch_time);
        for (int back = 0; back < batch && wait_readable(socket_.get(), next);) {
            const auto count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
            if (count < 0 && errno != EAGAIN && errno != EINTR) {
                if (!unreachable(errno)) {
                    return fail(ErrorKind::unavailable,
                                "measure the way to " + address_,
                                std::system_category().message(errno));
                }
                continue;
            }
            const auto size = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
            const auto answer = icmp_header(std::span(packet).first(size));
            if (answer && answer->type == ICMP_ECHOREPLY && answer->un.echo.id == id_) {
                ++back;
                ++answers;
            }
        }
    }
    const auto took = std::chrono::duration<double>(Clock::now() - begin).count();
    return Bytes{static_cast<std::uint64_t>(static_cast<double>(answers * large) / took)};
}

}  // namespace ordeal
