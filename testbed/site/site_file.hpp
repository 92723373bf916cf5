#pragma once

#include "core/diagnostic.hpp"
#include "core/testbed.hpp"
#include "testbed/secret.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// A testbed file: the hosts of a real site, their doors, and what may be hurt there. See
/// docs/testbeds.md. Reading it opens no door.
namespace ordeal {

/// The way in by ssh. Host keys are always compared with `known_hosts`.
struct SiteSsh {
    std::string address;
    std::uint16_t port = 22;
    std::string user;
    std::filesystem::path key;  ///< private, without passphrase; empty: only the agent's keys
    bool agent = false;         ///< offer the keys of the ssh-agent at SSH_AUTH_SOCK
    std::filesystem::path known_hosts;
    std::string jump;  ///< SiteJump::name; empty: directly
};

/// A host that only leads to others.
struct SiteJump {
    std::string name;
    SiteSsh ssh;
};

struct SiteBmc {
    std::string address;
    std::uint16_t port = 623;
    std::string user;
    SecretRef password;
    int cipher_suite = 0;  ///< of RMCP+; 0: ipmitool asks for the best
};

struct SiteHost {
    std::string name;     ///< as experiments call it
    std::string libvirt;  ///< URI, one of libvirt's own encrypted or local transports
    bool target = false;  ///< faults of the host itself are permitted
    std::optional<SiteSsh> ssh;
    std::optional<SiteBmc> bmc;
    std::map<Plane, std::string> planes;     ///< its address on each, where it has one
    std::map<Plane, std::string> devices;    ///< its network device on each, for faults there
    std::vector<std::string> start_service;  ///< argv before the name of the service
    std::filesystem::path sysrq_trigger;     ///< what a sysrq letter is written to
};

/// What of ordeal or QEMU is in a guest.
enum class SiteGuest { agent, guest_agent, nothing };

[[nodiscard]] std::string_view name_of(SiteGuest guest);

struct SiteDisk {
    std::string name;             ///< as experiments call it
    std::string mount;            ///< of its file system in the guest
    std::string filesystem;       ///< ext3 | ext4 | xfs
    std::string backing;          ///< as DiskSpec::backing
    std::filesystem::path image;  ///< raw, on the host; empty: it cannot be copied
    std::string storage;          ///< SiteStorage::name of its server; empty: none
};

/// An existing domain that may be hurt.
struct SiteTarget {
    std::string name;    ///< as experiments call it
    std::string domain;  ///< as libvirt calls it
    std::string host;
    std::string uuid;  ///< empty: the domain itself must carry the opt-in metadata
    SiteGuest guest = SiteGuest::agent;
    std::filesystem::path agent_socket;  ///< of org.ordeal.agent.0, on the host
    std::filesystem::path console;       ///< log of the serial console, on the host
    std::string address;                 ///< IPv4 of the guest; empty: not known
    std::vector<SiteDisk> disks;
};

/// A server of disks.
struct SiteStorage {
    std::string name;
    std::string host;
    std::string service;  ///< its process and unit, such as "nbd-server"
};

struct Site {
    std::string name;
    std::string path;       ///< of the file, as it was named
    std::string heartbeat;  ///< "address:port" of this machine for heartbeats; empty: none
    std::vector<SiteJump> jumps;
    std::vector<SiteHost> hosts;
    std::vector<SiteStorage> storage;
    std::vector<SiteTarget> targets;

    [[nodiscard]] const SiteHost* host(std::string_view called) const;
    [[nodiscard]] const SiteTarget* target(std::string_view called) const;
    [[nodiscard]] const SiteJump* jump(std::string_view called) const;
};

/// Reads and judges a testbed file. Nothing when anything is wrong; then `out` has all of it.
[[nodiscard]] std::optional<Site> parse_site(std::string text, std::string name, Diagnostics& out);
[[nodiscard]] std::optional<Site> load_site(const std::filesystem::path& path, Diagnostics& out);

}  // namespace ordeal
