#include "testbed/arp_ear.hpp"

#include "core/fd.hpp"
#include "testbed/namespaces.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <mutex>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>

namespace ordeal {
namespace {

using Hardware = std::array<std::uint8_t, 6>;
using Protocol = std::array<std::uint8_t, 4>;

/// An ARP packet for Ethernet and IPv4, as it is on the wire (RFC 826).
struct ArpPacket {
    std::uint16_t hardware_type = htons(ARPHRD_ETHER);
    std::uint16_t protocol_type = htons(0x0800);
    std::uint8_t hardware_length = 6;
    std::uint8_t protocol_length = 4;
    std::uint16_t operation = htons(ARPOP_REQUEST);
    Hardware sender{};
    Protocol sender_address{};
    Hardware target{};
    Protocol target_address{};
};

static_assert(sizeof(ArpPacket) == 28);

/// How many claims wait to be fetched; nobody who fetches them ever leaves so many.
constexpr std::size_t most_claims = 4096;

std::string text_of(const Hardware& mac) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
                       mac[0],
                       mac[1],
                       mac[2],
                       mac[3],
                       mac[4],
                       mac[5]);
}

class ArpEar final : public ClaimEar {
  public:
    ArpEar(Fd socket,
           Fd wake,
           const sockaddr_ll& everybody,
           ArpPacket question,
           const Scheduler& scheduler)
        : socket_(std::move(socket)),
          wake_(std::move(wake)),
          everybody_(everybody),
          question_(question),
          scheduler_(scheduler) {
        thread_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
    }

    ArpEar(const ArpEar&) = delete;
    ArpEar& operator=(const ArpEar&) = delete;

    ~ArpEar() override {
        thread_.request_stop();
        ::eventfd_write(wake_.get(), 1);
    }

    Status ask() override {
        const auto* raw = reinterpret_cast<const sockaddr*>(&everybody_);
        const auto sent =
            ::sendto(socket_.get(), &question_, sizeof question_, 0, raw, sizeof everybody_);
        return sent == sizeof question_ ? ok()
                                        : Status(fail(ErrorKind::unavailable,
                                                      "ask who has the address",
                                                      std::system_category().message(errno)));
    }

    std::vector<Claim> heard() override {
        const std::lock_guard lock(mutex_);
        return std::exchange(heard_, {});
    }

  private:
    void listen(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::array polled{pollfd{socket_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
            ::poll(polled.data(), polled.size(), -1);
            if (polled[0].revents != 0 && !stop.stop_requested()) {
                receive();
            }
        }
    }

    void receive() {
        ArpPacket packet;
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        const auto count = ::recvfrom(socket_.get(),
                                      &packet,
                                      sizeof packet,
                                      MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from),
                                      &size);
        const bool claims = count == sizeof packet && from.sll_pkttype != PACKET_OUTGOING &&
                            packet.hardware_length == 6 && packet.protocol_length == 4 &&
                            packet.sender_address == question_.target_address;
        if (!claims) {
            return;
        }
        const bool asked =
            packet.operation == htons(ARPOP_REPLY) && packet.target == question_.sender;
        const std::lock_guard lock(mutex_);
        if (heard_.size() < most_claims) {
            heard_.push_back({scheduler_.now(), text_of(packet.sender), asked});
        }
    }

    Fd socket_;
    Fd wake_;
    const sockaddr_ll everybody_;
    const ArpPacket question_;
    const Scheduler& scheduler_;
    std::mutex mutex_;
    std::vector<Claim> heard_;
    std::jthread thread_;  // last: it uses all of the above
};

Error arp_failure(const std::string& tried) {
    const int error = errno;
    return fail(error == ENODEV  ? ErrorKind::not_found
                : error == EPERM ? ErrorKind::refused
                                 : ErrorKind::unavailable,
                tried,
                std::system_category().message(error));
}

}  // namespace

Result<std::unique_ptr<ClaimEar>> open_arp_ear(const ClientPlace& place,
                                               const std::string& address,
                                               const Scheduler& scheduler) {
    const auto tried = "listen at " + place.interface + " for who has " + address;
    ArpPacket question;
    if (::inet_pton(AF_INET, address.c_str(), question.target_address.data()) != 1 ||
        ::inet_pton(AF_INET, place.address.c_str(), question.sender_address.data()) != 1) {
        return fail(ErrorKind::usage, tried, "not an IPv4 address");
    }
    auto socket = socket_inside(place.inside, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (!socket) {
        return socket.error();
    }
    ifreq interface {};
    place.interface.copy(interface.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(socket->get(), SIOCGIFHWADDR, &interface) != 0) {
        return arp_failure(tried);
    }
    std::memcpy(question.sender.data(), interface.ifr_hwaddr.sa_data, question.sender.size());
    if (::ioctl(socket->get(), SIOCGIFINDEX, &interface) != 0) {
        return arp_failure(tried);
    }
    sockaddr_ll everybody{};
    everybody.sll_family = AF_PACKET;
    everybody.sll_protocol = htons(0x0806);
    everybody.sll_ifindex = interface.ifr_ifindex;
    // Bound to nothing until here, so that nothing else was ever received.
    if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&everybody), sizeof everybody) !=
        0) {
        return arp_failure(tried);
    }
    everybody.sll_halen = 6;
    std::memset(everybody.sll_addr, 0xff, 6);
    Fd wake(::eventfd(0, EFD_CLOEXEC));
    if (!wake) {
        return arp_failure(tried);
    }
    return std::unique_ptr<ClaimEar>(std::make_unique<ArpEar>(
        std::move(*socket), std::move(wake), everybody, question, scheduler));
}

}  // namespace ordeal
