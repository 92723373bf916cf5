#include "testbed/site/site_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ordeal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string small = R"([testbed]
name = "here"

[[host]]
name = "n1"
libvirt = "qemu+ssh://root@h/system"
[host.ssh]
address = "h"
agent = true

[[target]]
name = "vm"
domain = "web-1"
host = "n1"
guest = "nothing"
)";

/// All complaints about `text`, as people see them.
std::string complaints(const std::string& text) {
    Diagnostics out;
    const auto site = parse_site(text, "site.toml", out);
    EXPECT_EQ(site.has_value(), out.empty());
    return to_text(out);
}

std::string with(const std::string& from, const std::string& to) {
    auto text = small;
    const auto found = text.find(from);
    EXPECT_NE(found, text.npos) << from;
    return text.replace(found, from.size(), to);
}

TEST(SiteFile, NamesTheDevicesThatMayBeCut) {
    Diagnostics out;
    const auto site = parse_site(
        with("[[target]]", "[host.devices]\nstorage = \"eno2\"\n[[target]]"), "site.toml", out);
    ASSERT_TRUE(site) << to_text(out);
    EXPECT_EQ(site->host("n1")->devices, (std::map<Plane, std::string>{{Plane::storage, "eno2"}}));
    EXPECT_THAT(complaints(with("[[target]]", "[host.devices]\nstorage = \"a b\"\n[[target]]")),
                HasSubstr("no name of a network device"));
}

TEST(SiteFile, IsReadAsWritten) {
    Diagnostics out;
    const auto site = parse_site(small, "/etc/ordeal/site.toml", out);
    ASSERT_TRUE(site) << to_text(out);
    ASSERT_NE(site->host("n1"), nullptr);
    EXPECT_EQ(site->host("n1")->ssh->user, "root");
    EXPECT_EQ(site->host("n1")->ssh->port, 22);
    EXPECT_FALSE(site->host("n1")->target) << "nothing may be hurt that is not named";
    EXPECT_THAT(site->host("n1")->ssh->known_hosts.string(), HasSubstr("/.ssh/known_hosts"));
    ASSERT_NE(site->target("vm"), nullptr);
    EXPECT_EQ(site->target("vm")->domain, "web-1");
    EXPECT_EQ(site->target("vm")->guest, SiteGuest::nothing);
    EXPECT_EQ(site->host("n2"), nullptr);
}

TEST(SiteFile, TellsAllThatIsWrongAtOnceWithItsPlace) {
    const auto said = complaints(R"([testbed]
name = "here"
[[host]]
name = "n1"
libvrit = "qemu+ssh://root@h/system"
[host.ssh]
address = "h"
[[target]]
name = "vm"
domain = "web-1"
host = "n2"
)");
    EXPECT_THAT(said, HasSubstr("site.toml:5:1: error: unknown key \"libvrit\""));
    EXPECT_THAT(said, HasSubstr("did you mean \"libvirt\"?"));
    EXPECT_THAT(said, HasSubstr("\"libvirt\" is missing"));
    EXPECT_THAT(said, HasSubstr("there is no key to log in with"));
    EXPECT_THAT(said, HasSubstr("there is no host \"n2\""));
    EXPECT_THAT(said, HasSubstr("\"agent_socket\" is missing"));
    EXPECT_THAT(said, HasSubstr("^"));
}

TEST(SiteFile, NeverTakesAPasswordItself) {
    const std::string bmc = "\n[host.bmc]\naddress = \"b\"\nuser = \"u\"\npassword = ";
    const auto said = complaints(with("agent = true\n", "agent = true\n" + bmc + "\"hunter2\"\n"));
    EXPECT_THAT(said, AllOf(HasSubstr("never written here"), HasSubstr("env:NAME")));
    EXPECT_THAT(complaints(with("agent = true\n", "agent = true\n" + bmc + "\"env:BMC\"\n")),
                IsEmpty());
}

TEST(SiteFile, RefusesWaysThatLetAnybodyIn) {
    const std::string good = "qemu+ssh://root@h/system";
    EXPECT_THAT(complaints(with(good, "qemu+tcp://h/system")), HasSubstr("neither encryption"));
    EXPECT_THAT(complaints(with(good, good + "?no_verify=1")), HasSubstr("any host's key"));
    EXPECT_THAT(complaints(with(good, "qemu+libssh://h/system")), HasSubstr("several threads"));
    EXPECT_THAT(complaints(with(good, "xen://h")), HasSubstr("begins with one of"));
    EXPECT_THAT(complaints(with(good, "qemu+tls://h/system")), IsEmpty());
}

TEST(SiteFile, JudgesNamesAddressesAndReferences) {
    EXPECT_THAT(complaints(with("name = \"vm\"", "name = \"VM\"")), HasSubstr("a-z"));
    EXPECT_THAT(complaints(small + "uuid = \"1234\"\n"), HasSubstr("no UUID"));
    EXPECT_THAT(complaints(small + "address = \"web\"\n"), HasSubstr("no IPv4 address"));
    EXPECT_THAT(complaints(with("\"here\"", "\"here\"\nheartbeat = \"1.2.3.4\"")),
                HasSubstr("with a port"));
    EXPECT_THAT(complaints(with("address = \"h\"", "address = \"h\"\njump = \"b\"")),
                HasSubstr("no jump host \"b\""));
    EXPECT_THAT(complaints(small + "[[target]]\nname = \"vm\"\ndomain = \"b\"\nhost = \"n1\"\n"
                                   "guest = \"nothing\"\n"),
                HasSubstr("is there already"));
    EXPECT_THAT(complaints(small + "[[target.disk]]\nname = \"d\"\nmount = \"/d\"\n"
                                   "storage = \"lun\"\n"),
                HasSubstr("no storage \"lun\""));
    EXPECT_THAT(complaints("[tesbed]\n"),
                AllOf(HasSubstr("did you mean \"testbed\""), HasSubstr("there is no host")));
    EXPECT_THAT(complaints("host = 3\ntestbed = 4\n"), HasSubstr("list of tables"));
}

TEST(SiteFile, OneJumpAtMost) {
    const std::string jump = "[[jump]]\nname = \"a\"\naddress = \"a\"\nagent = true\n";
    EXPECT_THAT(complaints(jump + with("address = \"h\"", "address = \"h\"\njump = \"a\"")),
                IsEmpty());
    EXPECT_THAT(complaints(jump + "jump = \"a\"\n" +
                           with("address = \"h\"", "address = \"h\"\njump = \"a\"")),
                HasSubstr("one jump at most"));
}

}  // namespace
}  // namespace ordeal
