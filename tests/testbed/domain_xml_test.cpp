#include "testbed/domain_xml.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <pugixml.hpp>
#include <set>

namespace ordeal {
namespace {

DomainPlace place() {
    return {.name = "run-1-vm",
            .accelerator = Accelerator::tcg,
            .kernel = "/cache/vmlinuz",
            .initramfs = "/cache/initramfs",
            .disks = {{.file = "/trial/data.img"}, {.file = "/trial/logs.img"}},
            .console = "/trial/vm.console",
            .agent_socket = "/run/agents/vm.sock",
            .bridge = "guest",
            .mac = "52:54:00:4d:00:01",
            .address = "10.77.1.1/16",
            .gateway = "10.77.0.1",
            .heartbeat = "10.77.0.1:7701",
            .directory = "/trial & error"};
}

DomainSpec spec() {
    DomainSpec spec;
    spec.name = "vm";
    spec.disks = {{.name = "data"}};
    return spec;
}

pugi::xml_document parsed(const DomainSpec& spec, const DomainPlace& where = place()) {
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(domain_xml(spec, where).c_str()));
    return document;
}

std::string text(const pugi::xml_document& document, const char* path) {
    return document.select_node(path).node().text().get();
}

std::string attribute(const pugi::xml_document& document, const char* path) {
    return document.select_node(path).attribute().value();
}

TEST(DomainXml, BootsTheEmbeddedGuestDirectly) {
    const auto xml = parsed(spec());
    EXPECT_EQ(text(xml, "/domain/name"), "run-1-vm");
    EXPECT_EQ(text(xml, "/domain/os/kernel"), "/cache/vmlinuz");
    EXPECT_EQ(text(xml, "/domain/os/initrd"), "/cache/initramfs");
    EXPECT_EQ(text(xml, "/domain/os/cmdline"),
              "console=ttyS0 quiet panic=0 no_timer_check ordeal.ip=10.77.1.1/16 "
              "ordeal.gw=10.77.0.1 ordeal.udp=10.77.0.1:7701 ordeal.disk=/dev/vda ordeal.fs=ext3");
}

TEST(DomainXml, TellsTheGuestItsMountOptions) {
    auto wanted = spec();
    wanted.disks[0].filesystem = "ext4";
    wanted.disks[0].mount_options = "data=journal,barrier=0";
    const auto line = text(parsed(wanted), "/domain/os/cmdline");
    EXPECT_NE(line.find("ordeal.fs=ext4 ordeal.mountopts=data=journal,barrier=0"),
              std::string::npos);
}

TEST(DomainXml, GivesQemuAMonitorOfItsOwnOnlyWhereWanted) {
    EXPECT_FALSE(parsed(spec()).select_node("/domain/qemu:commandline"));
    auto with_monitor = place();
    with_monitor.monitor_socket = "/run/agents/vm.qmp";
    const auto xml = parsed(spec(), with_monitor);
    EXPECT_EQ(attribute(xml, "/domain/qemu:commandline/qemu:arg[1]/@value"), "-qmp");
    EXPECT_EQ(attribute(xml, "/domain/qemu:commandline/qemu:arg[2]/@value"),
              "unix:/run/agents/vm.qmp,server=on,wait=off");
}

TEST(DomainXml, NamesNoDiskWhenThereIsNone) {
    auto wanted = spec();
    wanted.disks.clear();
    const auto xml = parsed(wanted);
    EXPECT_FALSE(xml.select_node("/domain/devices/disk"));
    EXPECT_EQ(text(xml, "/domain/os/cmdline").find("ordeal.fs"), std::string::npos);
    EXPECT_NE(text(xml, "/domain/os/cmdline").find("ordeal.disk=none"), std::string::npos);
}

TEST(DomainXml, TellsTheGuestItsPartInACluster) {
    auto member = place();
    member.cluster = "ordeal.stack=heartbeat ordeal.node=vm";
    EXPECT_TRUE(text(parsed(spec(), member), "/domain/os/cmdline")
                    .ends_with(" ordeal.stack=heartbeat ordeal.node=vm"));
}

TEST(DomainXml, FollowsTheAccelerator) {
    EXPECT_EQ(attribute(parsed(spec()), "/domain/@type"), "qemu");
    auto with_kvm = place();
    with_kvm.accelerator = Accelerator::kvm;
    EXPECT_EQ(attribute(parsed(spec(), with_kvm), "/domain/@type"), "kvm");
}

TEST(DomainXml, GivesEachDiskItsImageCacheModeAndName) {
    auto wanted = spec();
    wanted.disks.push_back({.name = "logs", .cache = "unsafe"});
    const auto xml = parsed(wanted);
    EXPECT_EQ(attribute(xml, "//disk[1]/driver/@cache"), "none");
    EXPECT_EQ(attribute(xml, "//disk[1]/driver/@type"), "raw");
    EXPECT_EQ(attribute(xml, "//disk[2]/driver/@cache"), "unsafe");
    EXPECT_EQ(attribute(xml, "//disk[2]/source/@file"), "/trial/logs.img");
    EXPECT_EQ(attribute(xml, "//disk[2]/target/@dev"), "vdb");
    EXPECT_EQ(text(xml, "//disk[2]/serial"), "logs");
}

TEST(DomainXml, HasPvpanicOnlyWhenWanted) {
    auto wanted = spec();
    EXPECT_TRUE(parsed(wanted).select_node("//panic"));
    wanted.pvpanic = false;
    wanted.on_crash = "restart";
    const auto without = parsed(wanted);
    EXPECT_FALSE(without.select_node("//panic"));
    EXPECT_EQ(text(without, "/domain/on_crash"), "restart");
}

TEST(DomainXml, KeepsTheConsoleOfEarlierBoots) {
    const auto xml = parsed(spec());
    EXPECT_EQ(attribute(xml, "//serial/source/@path"), "/trial/vm.console");
    EXPECT_EQ(attribute(xml, "//serial/source/@append"), "on");
}

TEST(DomainXml, LeadsTheAgentAndTheNetworkOut) {
    const auto xml = parsed(spec());
    EXPECT_EQ(attribute(xml, "//channel/source/@path"), "/run/agents/vm.sock");
    EXPECT_EQ(attribute(xml, "//channel/source/@mode"), "bind");
    EXPECT_EQ(attribute(xml, "//channel[1]/target/@name"), "org.ordeal.agent.0");
    EXPECT_EQ(attribute(xml, "//channel[2]/target/@name"), "org.qemu.guest_agent.0");
    EXPECT_EQ(attribute(xml, "//interface/source/@bridge"), "guest");
    EXPECT_EQ(attribute(xml, "//interface/mac/@address"), "52:54:00:4d:00:01");
}

TEST(DomainXml, GivesEveryDeviceASlotOfItsOwnOnTheRootBus) {
    auto wanted = spec();
    wanted.disks.push_back({.name = "logs"});
    std::set<std::string> slots;
    for (const auto& address : parsed(wanted).select_nodes("//address")) {
        EXPECT_STREQ(address.node().attribute("bus").value(), "0");
        EXPECT_TRUE(slots.insert(address.node().attribute("slot").value()).second);
    }
    EXPECT_EQ(slots.size(), 4U);
}

TEST(DomainXml, SaysWhoseDomainItIs) {
    const auto xml = parsed(spec());
    const auto mark = xml.select_node("/domain/metadata/*").node();
    EXPECT_STREQ(mark.attribute("xmlns:ordeal").value(), metadata_namespace);
    EXPECT_STREQ(mark.attribute("directory").value(), "/trial & error");
}

TEST(DomainXml, AsksForALeaseAndAnEpochBlockWhereTheyAreWanted) {
    auto wanted = spec();
    EXPECT_FALSE(parsed(wanted).select_node("//lease"));
    EXPECT_EQ(text(parsed(wanted), "//os/cmdline").find("ordeal.epoch"), std::string::npos);
    wanted.lease = true;
    wanted.disks[0].epoch = true;
    auto where = place();
    where.lease = "/var/lib/libvirt/lockd";
    const auto xml = parsed(wanted, where);
    EXPECT_EQ(attribute(xml, "//devices/lease/target/@path"), "/var/lib/libvirt/lockd");
    EXPECT_EQ(text(xml, "//devices/lease/key"), where.name);
    EXPECT_NE(text(xml, "//os/cmdline").find("ordeal.epoch=/dev/vda"), std::string::npos);
}

TEST(DomainXml, ConnectsToAServerAndSaysThePolicies) {
    auto wanted = spec();
    wanted.disks[0].werror = "stop";
    wanted.disks[0].rerror = "ignore";
    auto where = place();
    where.disks[0] = {.image = "/trial/data.img", .protocol = "nbd", .address = "10.78.1.1"};
    const auto xml = parsed(wanted, where);
    EXPECT_EQ(attribute(xml, "//disk/@type"), "network");
    EXPECT_EQ(attribute(xml, "//disk/source/@protocol"), "nbd");
    EXPECT_EQ(attribute(xml, "//disk/source/host/@name"), "10.78.1.1");
    EXPECT_EQ(attribute(xml, "//disk/driver/@error_policy"), "stop");
    EXPECT_EQ(attribute(xml, "//disk/driver/@rerror_policy"), "ignore");
    EXPECT_EQ(attribute(parsed(spec()), "//disk/driver/@error_policy"), "enospace");
}

TEST(DomainXml, GivesEachDeviceThatCanGoAPortOfItsOwn) {
    auto wanted = spec();
    wanted.disks.push_back({.name = "logs"});
    EXPECT_TRUE(
        parsed(wanted).select_nodes("/domain/devices/controller[@model='pcie-root-port']").empty());
    wanted.hotplug = true;
    const auto document = parsed(wanted);
    std::set<std::string> ports;
    for (const auto& port :
         document.select_nodes("/domain/devices/controller[@model='pcie-root-port']")) {
        ports.insert(port.node().attribute("index").value());
    }
    std::set<std::string> buses;
    for (const auto* device : {"interface", "disk"}) {
        for (const auto& each : document.child("domain").child("devices").children(device)) {
            EXPECT_TRUE(buses.insert(each.child("address").attribute("bus").value()).second);
        }
    }
    EXPECT_EQ(buses.size(), 3U);
    EXPECT_TRUE(std::ranges::includes(ports, buses));
    const auto balloon = document.child("domain").child("devices").child("memballoon");
    EXPECT_STREQ(balloon.attribute("model").value(), "virtio");
}

}  // namespace
}  // namespace ordeal
