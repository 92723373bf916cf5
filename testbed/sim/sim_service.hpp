#pragma once

#include "core/service.hpp"
#include "testbed/sim/sim_world.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ordeal {

/// The hardware address of a simulated domain.
[[nodiscard]] std::string sim_mac(const std::string& domain);

/// The clients' side of one simulated service, which all domains of the world are members of: the
/// first by name has the address by preference. When the owner does not answer on the network for
/// half a second, the next that does takes over and announces it. One that comes back without
/// having booted still believes that the address is his, and gives it up after a second.
class SimClients final : public ClientSide {
  public:
    explicit SimClients(SimWorld& world) : world_(world) {}

    Result<std::unique_ptr<ServiceClient>> client(const std::string& address,
                                                  std::int64_t port,
                                                  const std::string& request) override;
    Result<std::unique_ptr<ClaimEar>> ear(const std::string& address) override;

    // For clients and ears.

    /// The domains that answer for the address now; the one that took it last comes last.
    std::vector<std::shared_ptr<SimDomain>> owners();

    /// All that was ever announced, in its order.
    [[nodiscard]] const std::vector<Claim>& announced() const { return claims_; }

    [[nodiscard]] SimWorld& world() const { return world_; }

  private:
    struct Belief {
        std::shared_ptr<SimDomain> domain;
        std::string boot;
        bool answers = false;
        Instant back{};  ///< since when it answers, as an owner
    };

    void forget_lost();
    void take_over();
    void yield();

    SimWorld& world_;
    std::vector<Belief> beliefs_;  ///< who believes that it is his; the newest last
    std::optional<Instant> lost_;  ///< since when the newest does not answer
    std::vector<Claim> claims_;
};

}  // namespace ordeal
