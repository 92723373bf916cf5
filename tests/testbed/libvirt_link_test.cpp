#include "testbed/libvirt_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ordeal {
namespace {

using ::testing::HasSubstr;

constexpr const char* domain_xml = R"(<domain><devices>
  <interface type='bridge'><mac address='52:54:4d:00:00:01'/><source bridge='guest'/></interface>
  <interface type='bridge'><link state='down'/></interface>
</devices></domain>)";

TEST(LibvirtLink, IsUpUnlessItSaysDown) {
    EXPECT_EQ(link_in(domain_xml).value(), LinkState::up);
    const auto card = network_card_with(domain_xml, LinkState::down);
    ASSERT_TRUE(card);
    EXPECT_THAT(*card, HasSubstr("52:54:4d:00:00:01"));
    const auto after = "<domain><devices>" + *card + "</devices></domain>";
    EXPECT_EQ(link_in(after).value(), LinkState::down);
    EXPECT_EQ(link_in("<domain><devices>" + *network_card_with(after, LinkState::up) +
                      "</devices></domain>")
                  .value(),
              LinkState::up);
}

TEST(LibvirtLink, TellsWhatIsMissing) {
    EXPECT_EQ(link_in("<domain><devices/></domain>").error().kind, ErrorKind::not_found);
    EXPECT_EQ(link_in("<domain").error().kind, ErrorKind::corrupt);
}

TEST(DeviceIn, FindsTheFirstCardAndADiskByItsSerial) {
    constexpr const char* xml = R"(<domain><devices>
      <disk type='file'><serial>logs</serial></disk>
      <disk type='network'><serial>data</serial></disk>
      <interface type='bridge'><mac address='52:54:4d:00:00:01'/></interface>
    </devices></domain>)";
    EXPECT_THAT(device_in(xml, DeviceKind::disk, "data").value(), HasSubstr("network"));
    EXPECT_THAT(device_in(xml, DeviceKind::network_card, "").value(), HasSubstr("52:54:4d"));
    EXPECT_EQ(device_in(xml, DeviceKind::disk, "none").error().kind, ErrorKind::not_found);
    EXPECT_EQ(device_in("<domain", DeviceKind::disk, "data").error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace ordeal
