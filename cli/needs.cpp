#include "cli/needs.hpp"

#include "testbed/cache.hpp"
#include "testbed/storage/shared_server.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <unistd.h>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;

struct Program {
    const char* name;
    const char* package;
};

/// What a run of the lab starts. Debian package names, as in packages/debian.txt.
constexpr std::array programs{Program{"qemu-system-x86_64", "qemu-system-x86"},
                              Program{"libvirtd", "libvirt-daemon"},
                              Program{"virtlogd", "libvirt-daemon"},
                              Program{"virsh", "libvirt-clients"},
                              Program{"tini", "tini"},
                              Program{"ip", "iproute2"},
                              Program{"nbdkit", "nbdkit"},
                              Program{"nbdfuse", "libnbd-bin"},
                              Program{"nft", "nftables"},
                              Program{"ipmitool", "ipmitool"},
                              Program{"ssh", "openssh-client"},
                              Program{"unshare", "util-linux"},
                              Program{"mke2fs", "e2fsprogs"},
                              Program{"e2fsck", "e2fsprogs"},
                              Program{"mkfs.xfs", "xfsprogs"}};

constexpr std::uintmax_t least_free_space = std::uintmax_t{1} << 30U;

std::optional<fs::path> find_program(const std::string& name) {
    const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    std::string folders = std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin";
    while (!folders.empty()) {
        const auto colon = folders.find(':');
        const fs::path candidate = fs::path(folders.substr(0, colon)) / name;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
        folders = colon == std::string::npos ? "" : folders.substr(colon + 1);
    }
    return {};
}

Need program_need(const Program& program) {
    const auto found = find_program(program.name);
    return {
        program.name,
        found.has_value(),
        found ? found->string() : "not in PATH",
        found ? "" : fmt::format("apt-get install -y --no-install-recommends {}", program.package)};
}

Need root_need() {
    const bool root = ::geteuid() == 0;
    return {"root",
            root,
            root ? "yes" : "no: the lab makes namespaces and a bridge",
            root ? "" : "sudo ordeal …"};
}

Need device_need(const char* path, const char* mend) {
    const bool there = ::access(path, R_OK | W_OK) == 0;
    return {path, there, there ? "readable and writable" : "not usable", there ? "" : mend};
}

Need guest_need() {
    const fs::path folder = cache_directory() / "guest";
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (fs::exists(entry.path() / "vmlinuz") && fs::exists(entry.path() / "initramfs")) {
            return {"guest image", true, entry.path().string(), ""};
        }
    }
    return {"guest image", false, "none in " + folder.string(), "./bootstrap build"};
}

/// Of a package whose installation would start a service.
Need unpacked_need(const std::string& path) {
    const auto name = fs::path(path).filename().string();
    const auto program = unpacked_program(path);
    return {name,
            program.has_value(),
            program ? program->string() : "not unpacked (it is never installed as a service)",
            program ? "" : "./bootstrap build"};
}

/// tgt, nfs-ganesha and QEMU's clients for them, which experiments with such disks need.
Need shared_disk_need(const std::string& protocol) {
    const auto there = can_share(protocol);
    return {.name = "disks by " + protocol,
            .met = there.has_value(),
            .found = there ? "server and client" : there.error().answer,
            .mend = there ? "" : there.error().hint,
            .optional = true};
}

Need space_need() {
    std::error_code error;
    const auto space = fs::space(fs::current_path(), error);
    const bool enough = !error && space.available >= least_free_space;
    return {"free space",
            enough,
            error ? error.message() : fmt::format("{} MiB here", space.available >> 20U),
            enough ? "" : "free at least 1 GiB, or use --out on another file system"};
}

}  // namespace

std::vector<Need> look_at_site_needs(const Site& site) {
    std::vector<Need> needs{program_need({"e2fsck", "e2fsprogs"}), space_need()};
    const auto any = [&](auto has) { return std::ranges::any_of(site.hosts, has); };
    if (any([](const SiteHost& host) { return host.libvirt.starts_with("qemu+ssh:"); })) {
        needs.push_back(program_need({"ssh", "openssh-client"}));
    }
    if (any([](const SiteHost& host) { return host.bmc.has_value(); })) {
        needs.push_back(program_need({"ipmitool", "ipmitool"}));
    }
    return needs;
}

std::vector<Need> look_at_needs() {
    std::vector<Need> needs{root_need()};
    std::ranges::transform(programs, std::back_inserter(needs), program_need);
    needs.push_back(unpacked_need("usr/sbin/sshd"));
    needs.push_back(unpacked_need("usr/bin/ipmi_sim"));
    for (const auto* protocol : {"nbd", "iscsi", "nfs"}) {
        needs.push_back(shared_disk_need(protocol));
    }
    needs.push_back(guest_need());
    needs.push_back(device_need("/dev/net/tun", "modprobe tun"));
    needs.push_back(space_need());
    return needs;
}

}  // namespace ordeal::cli
