#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/units.hpp"
#include "testbed/process.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ordeal {

/// Where and as whom. The host key must be in `known_hosts`: an unknown or changed key is refused.
struct SshTarget {
    std::string host;
    std::uint16_t port = 22;
    std::string user = "root";
    std::filesystem::path key;          ///< private key without a passphrase; empty: none
    std::filesystem::path known_hosts;  ///< OpenSSH format
    bool agent = false;                 ///< offer the keys of the ssh-agent, too
};

struct SshRunOptions {
    std::string input = {};
    Duration deadline = std::chrono::seconds(30);
    Bytes output_limit{std::uint64_t{4} << 20};  ///< of each stream; the rest is read and dropped
    /// Gets the standard output instead of Output::out, without limit. False ends the command.
    std::function<bool(std::string_view)> sink = {};
};

/// One connection, for one thread. Ends with the object.
class SshSession {
  public:
    /// Connects and authenticates within `deadline`. `connected`: a stream socket that reaches the
    /// target already (made in a node's network); none: connect to target.host by ourselves.
    /// Errors: unavailable, timeout, refused (host key or our key not accepted).
    [[nodiscard]] static Result<SshSession> open(const SshTarget& target,
                                                 Duration deadline,
                                                 Fd connected = {});

    SshSession(SshSession&&) noexcept;
    SshSession& operator=(SshSession&&) noexcept;
    ~SshSession();

    /// Runs a command on the other side; argv is quoted for the remote shell. A command that ran is
    /// a success here, whatever its exit code. After a timeout the session is of no further use.
    [[nodiscard]] Result<Output> run(const Argv& argv, const SshRunOptions& options = {});

    /// Whether it can still be used.
    [[nodiscard]] bool connected() const;

    struct Impl;

    /// Inside of testbed/ssh only.
    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    explicit SshSession(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The words of argv for a POSIX shell, each in single quotes where needed. The only place that
/// quotes for ssh.
[[nodiscard]] std::string quote_for_shell(const Argv& argv);

/// Makes an Ed25519 key pair: `path` (mode 0600) and `path`.pub. Returns the public key,
/// "ssh-ed25519 AAAA…".
[[nodiscard]] Result<std::string> generate_ssh_key(const std::filesystem::path& path);

}  // namespace ordeal
