#pragma once

#include "core/testbed.hpp"
#include "testbed/secret.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace ordeal {

struct IpmiTarget {
    std::string host;  ///< whose controller it is, for people
    std::string address;
    std::uint16_t port = 623;
    std::string user;
    SecretRef password;
    int cipher_suite = 0;  ///< of RMCP+; 0: ipmitool asks for the best, which may take it seconds
    pid_t inside = 0;      ///< ask from the namespaces of this process
};

/// A power controller that speaks IPMI 2.0 over the network (RMCP+), asked by ipmitool. The
/// password goes to it by environment, never by command line. Thread-safe.
///
/// Errors: missing (no ipmitool, no password), refused (password or user not accepted, order not
/// known), unavailable (no answer), timeout (not within the deadline).
class IpmiPower final : public Power {
  public:
    explicit IpmiPower(IpmiTarget target) : target_(std::move(target)) {}

    Result<PowerState> state(Duration deadline) override;
    Status order(PowerOrder order, Duration deadline) override;

  private:
    [[nodiscard]] Result<std::string> ask(const std::string& word, Duration deadline) const;

    IpmiTarget target_;
};

}  // namespace ordeal
