#include "testbed/site/site_keys.hpp"

#include <cstdint>

namespace ordeal::site_keys {
namespace {

using enum ParamType;

std::int64_t count(std::int64_t value) {
    return value;
}

/// A text that may be left out.
ParamSpec optional_text(const char* name, const char* help, std::string fallback = {}) {
    return {.name = name, .type = text, .help = help, .fallback = std::move(fallback)};
}

ParamSpec port(std::int64_t usual) {
    return {.name = "port",
            .type = integer,
            .help = "if not the usual one",
            .fallback = count(usual),
            .minimum = count(1),
            .maximum = count(65535)};
}

std::vector<ParamSpec> one_each(const char* help) {
    std::vector<ParamSpec> keys;
    for (const auto* plane : {"management", "storage", "migration", "guest"}) {
        keys.push_back(optional_text(plane, help));
    }
    return keys;
}

}  // namespace

std::vector<ParamSpec> testbed() {
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""},
            optional_text("heartbeat",
                          "where agents send their heartbeats over the network: an IPv4 address "
                          "of this machine with a port")};
}

std::vector<ParamSpec> named() {
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""}};
}

std::vector<ParamSpec> ssh() {
    return {{.name = "address", .type = text, .help = "name or address"},
            port(22),
            optional_text("user", "who logs in; faults of hosts need root", "root"),
            optional_text("key", "file of a private key without a passphrase"),
            {.name = "agent",
             .type = boolean,
             .help = "offer the keys of the running ssh-agent",
             .fallback = false},
            optional_text("known_hosts",
                          "file with the host's key; an unknown key is refused",
                          "~/.ssh/known_hosts"),
            optional_text("jump", "the [[jump]] through which the way leads")};
}

std::vector<ParamSpec> host() {
    return {{.name = "name", .type = text, .help = "as experiments call it"},
            {.name = "libvirt", .type = text, .help = "URI, such as \"qemu+ssh://root@h/system\""},
            {.name = "target",
             .type = boolean,
             .help = "faults of the host itself are permitted",
             .fallback = false},
            {.name = "start_service",
             .type = list,
             .help = "command that starts a service, before the service's name",
             .fallback = std::vector<std::string>{"systemctl", "start"}},
            optional_text(
                "sysrq_trigger", "file that a sysrq letter is written to", "/proc/sysrq-trigger")};
}

std::vector<ParamSpec> bmc() {
    return {{.name = "address", .type = text, .help = "of the power controller"},
            port(623),
            {.name = "user", .type = text, .help = "who may switch the power"},
            {.name = "password",
             .type = text,
             .help = "where it is: \"env:NAME\" or \"file:/path\" of mode 0600"},
            {.name = "cipher_suite",
             .type = integer,
             .help = "of RMCP+; 0: ipmitool asks for the best",
             .fallback = count(0),
             .minimum = count(0),
             .maximum = count(17)}};
}

std::vector<ParamSpec> planes() {
    return one_each("the host's IPv4 address on it");
}

std::vector<ParamSpec> devices() {
    return one_each("the host's network device to it, such as \"eno2\"; not a bridge above it");
}

std::vector<ParamSpec> storage() {
    return {{.name = "name", .type = text, .help = "short name, a-z, 0-9 and \"-\""},
            {.name = "host", .type = text, .help = "the [[host]] that it runs on"},
            {.name = "service", .type = text, .help = "its process and unit, such as tgtd"}};
}

std::vector<ParamSpec> target() {
    return {{.name = "name", .type = text, .help = "as experiments call the domain"},
            {.name = "domain", .type = text, .help = "as libvirt calls it"},
            {.name = "host", .type = text, .help = "the [[host]] where it is"},
            optional_text("uuid",
                          "names the domain for certain; without it the domain itself must carry "
                          "the opt-in metadata"),
            {.name = "guest",
             .type = choice,
             .help = "what answers in it: ordeal's agent, QEMU's guest agent, or nothing",
             .fallback = std::string("agent"),
             .choices = {"agent", "guest-agent", "nothing"}},
            optional_text("agent_socket", "unix socket of its channel org.ordeal.agent.0, there"),
            optional_text("console", "log file of its serial console, there"),
            optional_text("address", "IPv4 of the guest, for ping and heartbeats")};
}

std::vector<ParamSpec> disk() {
    return {{.name = "name", .type = text, .help = "as experiments call it"},
            {.name = "mount", .type = text, .help = "where the guest has it, such as /srv"},
            {.name = "filesystem",
             .type = choice,
             .help = "on it",
             .fallback = std::string("ext4"),
             .choices = {"ext3", "ext4", "xfs"}},
            {.name = "backing",
             .type = choice,
             .help = "what is behind it",
             .fallback = std::string("file"),
             .choices = {"file", "local", "nbd", "iscsi", "nfs"}},
            optional_text("image", "raw image or device on the host, copied for examinations"),
            optional_text("storage", "the [[storage]] that serves it")};
}

}  // namespace ordeal::site_keys
