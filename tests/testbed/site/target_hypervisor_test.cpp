#include "testbed/site/target_hypervisor.hpp"

#include "testbed/site/site_doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Against libvirt's own test driver, which lives in this process.

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string opted_in =
    "<metadata><o:target xmlns:o='" + std::string(opt_in_namespace) + "'/></metadata>";

std::string domain(const std::string& metadata) {
    return "<domain type='test'><name>web</name><uuid>11111111-2222-3333-4444-555555555555</uuid>" +
           metadata + "<memory>8192</memory><os><type>hvm</type></os></domain>";
}

class Targets : public ::testing::Test {
  protected:
    void open(const std::string& metadata) {
        site.path = "site.toml";
        auto libvirt = Libvirt::open({.uri = "test:///default", .connect_deadline = 20s});
        ASSERT_TRUE(libvirt) << libvirt.error().text();
        ASSERT_TRUE((*libvirt)->define(domain(metadata)));
        hypervisor.emplace(site, "n1", std::move(*libvirt));
    }

    Site site{.targets = {{.name = "vm", .domain = "web", .host = "n1"}}};
    std::optional<TargetHypervisor> hypervisor;
};

TEST_F(Targets, AreThoseThatTheFileNamesAndThatHaveOptedIn) {
    open(opted_in);
    EXPECT_TRUE(hypervisor->start("web"));
    EXPECT_TRUE(hypervisor->start("web")) << "it runs already";
    EXPECT_TRUE(hypervisor->suspend("web"));
    EXPECT_TRUE(hypervisor->resume("web"));
    EXPECT_TRUE(hypervisor->destroy("web"));
    const auto other = hypervisor->destroy("test");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::refused);
    EXPECT_THAT(other.error().text(), AllOf(HasSubstr("n1"), HasSubstr("no target of site.toml")));
    EXPECT_EQ(hypervisor->state("test")->state, DomainState::running) << "to look is permitted";
}

TEST_F(Targets, AreNotThoseThatHaveNotOptedIn) {
    open("");
    const auto destroyed = hypervisor->destroy("web");
    ASSERT_FALSE(destroyed);
    EXPECT_EQ(destroyed.error().kind, ErrorKind::refused);
    EXPECT_THAT(destroyed.error().text(), HasSubstr("virsh metadata web"));
}

TEST_F(Targets, AreThoseThatTheFileNamesByTheirUuid) {
    open("");
    site.targets.front().uuid = "11111111-2222-3333-4444-555555555555";
    EXPECT_TRUE(hypervisor->permitted("web"));
}

TEST_F(Targets, AreNotThoseWithAnotherUuidOrOnAnotherHost) {
    open(opted_in);
    site.targets.front().uuid = "99999999-2222-3333-4444-555555555555";
    EXPECT_THAT(hypervisor->permitted("web").error().text(), HasSubstr("its UUID is 1111"));
    site.targets.front().host = "n2";
    EXPECT_THAT(hypervisor->permitted("web").error().text(), HasSubstr("no target"));
}

TEST_F(Targets, AreNeverForgotten) {
    open(opted_in);
    EXPECT_EQ(hypervisor->remove("web").error().kind, ErrorKind::refused);
}

TEST(OptIn, IsTheElementOfOurNamespaceAndNoOther) {
    EXPECT_TRUE(has_opted_in(domain(opted_in)));
    EXPECT_FALSE(has_opted_in(domain("<metadata><target/></metadata>")));
    EXPECT_FALSE(has_opted_in(domain("<metadata><o:target xmlns:o='urn:other'/></metadata>")));
    EXPECT_FALSE(has_opted_in("no XML"));
}

TEST(Doctor, KnowsWhichLibvirtIsTooOld) {
    EXPECT_TRUE(new_enough("9.0.0"));
    EXPECT_TRUE(new_enough("10.1.0"));
    EXPECT_TRUE(new_enough(oldest_libvirt));
    EXPECT_FALSE(new_enough("5.10.2"));
}

}  // namespace
}  // namespace ordeal
