#pragma once

#include "core/experiment.hpp"
#include "testbed/accelerator.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace ordeal {

/// Where a disk's content is, and how QEMU gets at it: by a file or from a server.
struct DiskPlace {
    std::filesystem::path image;  ///< raw; where the content is
    std::filesystem::path file;   ///< what QEMU opens; empty: it asks a server
    std::string protocol = {};    ///< of the server: "nbd", "iscsi" or "nfs"
    std::string name = {};        ///< what the server calls the disk
    std::string address = {};     ///< of the server, IPv4
};

/// Everything about a domain that the experiment does not say. Paths as its host sees them.
struct DomainPlace {
    std::string name;
    Accelerator accelerator = Accelerator::tcg;
    std::filesystem::path kernel;
    std::filesystem::path initramfs;
    std::vector<DiskPlace> disks;               ///< in the order of the spec's disks
    std::filesystem::path console;              ///< the serial console is appended to this file
    std::filesystem::path agent_socket;         ///< QEMU makes it and listens on it
    std::filesystem::path monitor_socket = {};  ///< QEMU makes it, too; empty: none
    std::string bridge;
    std::string mac;
    std::string address;               ///< of the guest, with prefix length: "10.77.1.1/16"
    std::string gateway;               ///< of the guest: the host's address on the bridge
    std::string heartbeat;             ///< where UDP heartbeats go: "10.77.0.1:7701"
    std::filesystem::path directory;   ///< of the trial; says in the XML whose domain it is
    std::string cluster = {};          ///< more of the kernel's command line, see cluster_words()
    std::filesystem::path lease = {};  ///< where lockspaces are, for one that may run once only
};

/// The namespace of the metadata element by which a domain is known to be ours.
inline constexpr const char* metadata_namespace = "urn:ordeal:domain:1";

/// The domain's libvirt XML: the embedded guest by direct kernel boot, nothing but virtio disks,
/// one network device, the agent's port, a serial console and, if wanted, pvpanic. The guest mounts
/// the first disk.
[[nodiscard]] std::string domain_xml(const DomainSpec& spec, const DomainPlace& place);

}  // namespace ordeal
