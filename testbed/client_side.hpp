#pragma once

#include "core/scheduler.hpp"
#include "core/service.hpp"

#include <string>
#include <sys/types.h>

namespace ordeal {

/// Where clients stand: an interface with an IPv4 address in the network of a process.
struct ClientPlace {
    pid_t inside = 0;  ///< 0: our own network
    std::string interface;
    std::string address;
};

/// Clients at one interface. The clients and ears that it makes may outlive it, but not the
/// scheduler.
class PlaneClients final : public ClientSide {
  public:
    PlaneClients(ClientPlace place, const Scheduler& scheduler)
        : place_(std::move(place)), scheduler_(scheduler) {}

    /// HTTP/1.1, a connection for each request. The client has a thread of its own, so that it
    /// stamps what happens when it happens.
    Result<std::unique_ptr<ServiceClient>> client(const std::string& address,
                                                  std::int64_t port,
                                                  const std::string& request) override;
    /// ARP (RFC 826) by a packet socket, see packet(7). Needs root.
    Result<std::unique_ptr<ClaimEar>> ear(const std::string& address) override;

  private:
    const ClientPlace place_;
    const Scheduler& scheduler_;
};

}  // namespace ordeal
