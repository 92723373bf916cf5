#pragma once

#include "core/testbed.hpp"
#include "testbed/site/site_file.hpp"
#include "testbed/ssh_forward.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ordeal {

/// The way to a host that its [host.ssh] describes.
[[nodiscard]] SshRoute route_to(const Site& site, const SiteSsh& ssh);

/// Runs commands on one host by ssh. Connections are kept and used again. Thread-safe: each command
/// has a connection of its own meanwhile. Errors name the host and its ssh door.
class RemoteShell {
  public:
    RemoteShell(std::string host, SshRoute route)
        : host_(std::move(host)), route_(std::move(route)) {}

    /// Errors: as of Host::run.
    [[nodiscard]] Result<HostOutput> run(const Argv& argv, SshRunOptions options);
    /// A shell script with its arguments. Its exit code other than 0 is an error: not_found for 3,
    /// refused for 4, else unavailable; answer: what it said on standard error.
    [[nodiscard]] Result<std::string> script(const std::string& tried,
                                             const std::string& text,
                                             std::vector<std::string> arguments,
                                             SshRunOptions options = {});

    [[nodiscard]] const SshRoute& route() const { return route_; }

  private:
    [[nodiscard]] Error named(Error error) const;

    std::string host_;
    SshRoute route_;
    std::mutex mutex_;
    std::vector<RoutedSession> idle_;
};

}  // namespace ordeal
