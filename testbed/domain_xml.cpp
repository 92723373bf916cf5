#include "testbed/domain_xml.hpp"

#include <initializer_list>
#include <pugixml.hpp>
#include <sstream>
#include <utility>

namespace ordeal {
namespace {

using Attributes = std::initializer_list<std::pair<const char*, std::string>>;

pugi::xml_node add(pugi::xml_node parent, const char* name, const Attributes& attributes = {}) {
    auto node = parent.append_child(name);
    for (const auto& [key, value] : attributes) {
        node.append_attribute(key).set_value(value.c_str());
    }
    return node;
}

void add_text(pugi::xml_node parent, const char* name, const std::string& text) {
    add(parent, name).text().set(text.c_str());
}

/// "quiet" keeps errors, oopses and panics on the console. An emulated timer on a busy host fails
/// the kernel's check of it, which then makes do without: no_timer_check. The rest is for the
/// guest's init.
std::string command_line(const DomainSpec& spec, const DomainPlace& place) {
    std::string line = "console=ttyS0 quiet panic=0 no_timer_check ordeal.ip=" + place.address +
                       " ordeal.gw=" + place.gateway + " ordeal.udp=" + place.heartbeat;
    if (spec.hotplug) {
        line += " ordeal.hotplug=yes";
    }
    if (!spec.disks.empty()) {
        const auto& disk = spec.disks.front();
        line += " ordeal.disk=/dev/vda ordeal.fs=" + disk.filesystem;
        if (!disk.mount_options.empty()) {
            line += " ordeal.mountopts=" + disk.mount_options;
        }
        if (disk.epoch) {
            line += " ordeal.epoch=/dev/vda";
        }
    } else {
        line += " ordeal.disk=none";
    }
    return place.cluster.empty() ? line : line + " " + place.cluster;
}

void add_boot(pugi::xml_node domain, const DomainSpec& spec, const DomainPlace& place) {
    auto os = add(domain, "os");
    add(os, "type", {{"arch", "x86_64"}, {"machine", "q35"}}).text().set("hvm");
    add_text(os, "kernel", place.kernel);
    add_text(os, "initrd", place.initramfs);
    add_text(os, "cmdline", command_line(spec, place));
    // pvpanic announces itself to the guest by ACPI.
    add(add(domain, "features"), "acpi");
    add(domain, "cpu", {{"mode", "maximum"}, {"check", "none"}});
}

constexpr unsigned network_slot = 4;
constexpr unsigned channel_slot = 5;
constexpr unsigned first_disk_slot = 6;

/// Devices sit on the root bus: libvirt would give each a PCIe port of its own, for hot-plugging,
/// which costs the guest a tenth of its boot time to enumerate. The slots below 4 and above 0x1e
/// belong to the chipset.
void add_address(pugi::xml_node device, unsigned slot) {
    add(device,
        "address",
        {{"type", "pci"}, {"domain", "0"}, {"bus", "0"}, {"slot", std::to_string(slot)}});
}

/// What can be taken away while the domain runs has a port of its own: the root bus lets nothing
/// go. Ports are numbered from 1.
void add_place(pugi::xml_node device, const DomainSpec& spec, unsigned slot) {
    if (!spec.hotplug) {
        add_address(device, slot);
        return;
    }
    add(device,
        "address",
        {{"type", "pci"}, {"bus", std::to_string(slot - network_slot + 1)}, {"slot", "0"}});
}

void add_ports(pugi::xml_node devices, const DomainSpec& spec) {
    add(devices, "controller", {{"type", "pci"}, {"index", "0"}, {"model", "pcie-root"}});
    for (std::size_t port = 1; port < first_disk_slot - network_slot + 1 + spec.disks.size();
         ++port) {
        add(devices,
            "controller",
            {{"type", "pci"}, {"index", std::to_string(port)}, {"model", "pcie-root-port"}});
    }
}

/// How long QEMU holds requests back while a disk's server is away, before they fail.
constexpr const char* reconnect_seconds = "10";

void add_server(pugi::xml_node disk, const DiskPlace& place) {
    auto source = add(disk, "source", {{"protocol", place.protocol}, {"name", place.name}});
    add(source, "host", {{"name", place.address}});
    if (place.protocol == "nbd") {
        add(source, "reconnect", {{"delay", reconnect_seconds}});
    }
    if (place.protocol == "nfs") {
        add(source, "nfs", {{"user", "+0"}, {"group", "+0"}});
    }
}

void add_disk(pugi::xml_node devices,
              const DomainSpec& domain,
              const DiskPlace& place,
              std::size_t index) {
    const auto& spec = domain.disks[index];
    const bool served = place.file.empty();
    auto disk = add(devices, "disk", {{"type", served ? "network" : "file"}, {"device", "disk"}});
    add(disk,
        "driver",
        {{"name", "qemu"},
         {"type", "raw"},
         {"cache", spec.cache},
         {"error_policy", spec.werror == "enospc" ? "enospace" : spec.werror},
         {"rerror_policy", spec.rerror}});
    if (served) {
        add_server(disk, place);
    } else {
        add(disk, "source", {{"file", place.file}});
    }
    if (spec.sector.count != 512) {
        const auto size = std::to_string(spec.sector.count);
        add(disk, "blockio", {{"logical_block_size", size}, {"physical_block_size", size}});
    }
    const std::string target = {'v', 'd', static_cast<char>('a' + index)};
    add(disk, "target", {{"dev", target}, {"bus", "virtio"}});
    add_text(disk, "serial", spec.name);
    add_place(disk, domain, first_disk_slot + static_cast<unsigned>(index));
}

void add_network(pugi::xml_node devices, const DomainSpec& spec, const DomainPlace& place) {
    auto network = add(devices, "interface", {{"type", "bridge"}});
    add(network, "source", {{"bridge", place.bridge}});
    add(network, "mac", {{"address", place.mac}});
    add(network, "model", {{"type", "virtio"}});
    // Nothing boots from the network; without its ROM the BIOS is done earlier.
    add(network, "rom", {{"enabled", "no"}});
    add_place(network, spec, network_slot);
}

void add_serial_devices(pugi::xml_node devices, const DomainPlace& place) {
    auto console = add(devices, "serial", {{"type", "file"}});
    // Appended: what a dying guest said is evidence and must outlive its next boot.
    add(console, "source", {{"path", place.console}, {"append", "on"}});
    add(console, "target", {{"port", "0"}});

    add_address(add(devices, "controller", {{"type", "virtio-serial"}, {"index", "0"}}),
                channel_slot);
    auto channel = add(devices, "channel", {{"type", "unix"}});
    add(channel, "source", {{"mode", "bind"}, {"path", place.agent_socket}});
    add(channel, "target", {{"type", "virtio"}, {"name", "org.ordeal.agent.0"}});
    // The other end of QEMU's own agent is libvirt's affair.
    add(add(devices, "channel", {{"type", "unix"}}),
        "target",
        {{"type", "virtio"}, {"name", "org.qemu.guest_agent.0"}});
}

/// The lock manager lets only one host at a time run who holds it; its file is one that all hosts
/// see. See "Device leases" of https://libvirt.org/formatdomain.html.
void add_lease(pugi::xml_node devices, const DomainPlace& place) {
    auto lease = add(devices, "lease");
    add_text(lease, "lockspace", "files");
    add_text(lease, "key", place.name);
    add(lease, "target", {{"path", place.lease}});
}

/// A monitor beside libvirt's, whose answers do not depend on libvirtd. libvirt marks the domain as
/// tainted ("custom-argv") and does nothing else about it.
void add_monitor(pugi::xml_node domain, const DomainPlace& place) {
    auto options = add(
        domain, "qemu:commandline", {{"xmlns:qemu", "http://libvirt.org/schemas/domain/qemu/1.0"}});
    add(options, "qemu:arg", {{"value", "-qmp"}});
    add(options,
        "qemu:arg",
        {{"value", "unix:" + place.monitor_socket.string() + ",server=on,wait=off"}});
}

}  // namespace

std::string domain_xml(const DomainSpec& spec, const DomainPlace& place) {
    pugi::xml_document document;
    auto domain =
        add(document, "domain", {{"type", place.accelerator == Accelerator::kvm ? "kvm" : "qemu"}});
    add_text(domain, "name", place.name);
    add(add(domain, "metadata"),
        "ordeal:domain",
        {{"xmlns:ordeal", metadata_namespace}, {"directory", place.directory}});
    add(domain, "memory", {{"unit", "b"}}).text().set(std::to_string(spec.memory.count).c_str());
    add_text(domain, "vcpu", std::to_string(spec.vcpus));
    add_boot(domain, spec, place);
    add(domain, "clock", {{"offset", "utc"}});
    add_text(domain, "on_poweroff", "destroy");
    add_text(domain, "on_reboot", "restart");
    add_text(domain, "on_crash", spec.on_crash);

    auto devices = add(domain, "devices");
    if (spec.hotplug) {
        add_ports(devices, spec);
    }
    for (std::size_t i = 0; i < spec.disks.size(); ++i) {
        add_disk(devices, spec, place.disks.at(i), i);
    }
    add_network(devices, spec, place);
    add_serial_devices(devices, place);
    if (spec.lease) {
        add_lease(devices, place);
    }
    if (spec.pvpanic) {
        add(devices, "panic", {{"model", "isa"}});
    }
    // What libvirt would add by itself, and what only costs boot time here.
    add(devices, "controller", {{"type", "usb"}, {"model", "none"}});
    add(devices, "memballoon", {{"model", spec.hotplug ? "virtio" : "none"}});
    add(devices, "audio", {{"id", "1"}, {"type", "none"}});
    if (!place.monitor_socket.empty()) {
        add_monitor(domain, place);
    }

    std::ostringstream text;
    document.save(text, "  ", pugi::format_default | pugi::format_no_declaration);
    return text.str();
}

}  // namespace ordeal
