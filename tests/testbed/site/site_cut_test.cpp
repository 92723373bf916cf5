#include "testbed/site/site_cut.hpp"

#include "testbed/site/site_forms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

SiteHost host(const std::string& name, const std::string& last) {
    SiteHost made{.name = name, .target = true};
    made.planes = {{Plane::storage, "192.0.2." + last}, {Plane::guest, "203.0.113." + last}};
    made.devices = {{Plane::storage, "eno2"}, {Plane::guest, "eno3"}};
    return made;
}

class SiteCuts : public ::testing::Test {
  protected:
    Result<std::vector<SiteCut>> cuts(const std::vector<Way>& ways,
                                      const Impairment& impairment = {.loss = 1},
                                      const std::string& id = "f.1") const {
        return site_cuts(site, id, ways, 5s, impairment);
    }

    Error refusal(const std::vector<Way>& ways) const {
        const auto made = cuts(ways);
        EXPECT_FALSE(made);
        return made ? Error{} : made.error();
    }

    Site site{.name = "here", .path = "site.toml", .hosts = {host("n1", "1"), host("n2", "2")}};
};

TEST_F(SiteCuts, DropWhereFramesLeaveAndWhereTheyArrive) {
    const auto made = cuts({{.plane = Plane::storage, .from = "n1", .to = ""},
                            {.plane = Plane::guest, .from = "", .to = "n1"},
                            {.plane = Plane::storage, .from = "n2", .to = "n1"}});
    ASSERT_TRUE(made) << made.error().text();
    ASSERT_THAT(*made, SizeIs(2)) << "each host does its own part";
    const auto& first = made->front();
    EXPECT_EQ(first.host->name, "n1");
    EXPECT_THAT(first.devices, ElementsAre("eno2", "eno3"));
    EXPECT_THAT(first.make,
                AllOf(HasSubstr("element netdev ordeal-f.1 out { \"eno2\" timeout 5000ms }"),
                      HasSubstr("element netdev ordeal-f.1 in { \"eno3\" timeout 5000ms }"),
                      HasSubstr("egress devices = { eno2, eno3 }"),
                      HasSubstr("oifname @out counter drop")));
    const auto& second = made->back();
    EXPECT_EQ(second.host->name, "n2");
    EXPECT_THAT(second.make, HasSubstr("to { \"eno2\" . 192.0.2.1 timeout 5000ms }"));
    EXPECT_THAT(second.renew, HasSubstr("delete element"));
    EXPECT_THAT(second.renew, Not(HasSubstr("add table"))) << "a mended cut stays mended";
}

TEST_F(SiteCuts, LoseAPartOrLimitTheRate) {
    const std::vector<Way> ways{{.plane = Plane::storage, .from = "n1", .to = ""}};
    EXPECT_THAT(cuts(ways, {.loss = 0.125})->front().make,
                HasSubstr("@out numgen random mod 10000 < 1250 counter drop"));
    EXPECT_THAT(cuts(ways, {.rate = Bytes{1'000'000}})->front().make,
                HasSubstr("@out limit rate over 1000000 bytes/second"));
}

TEST_F(SiteCuts, HurtOnlyWhatTheFilePermitsAndNames) {
    const Way storage{.plane = Plane::storage, .from = "n1", .to = ""};
    EXPECT_EQ(refusal({{.plane = Plane::storage, .from = "n3", .to = ""}}).kind,
              ErrorKind::not_found);
    EXPECT_EQ(refusal({{.plane = Plane::storage}}).kind, ErrorKind::usage);
    EXPECT_EQ(refusal({{.plane = Plane::migration, .from = "n1", .to = ""}}).kind,
              ErrorKind::missing);
    EXPECT_THAT(refusal({{.plane = Plane::guest, .from = "n1", .to = "n2"}}).text(),
                HasSubstr("guests have addresses of their own"));
    EXPECT_EQ(cuts({storage}, {.loss = 1}, "a b").error().kind, ErrorKind::usage);
    site.hosts[1].planes.clear();
    EXPECT_THAT(refusal({{.plane = Plane::storage, .from = "n1", .to = "n2"}}).text(),
                HasSubstr("its [host.planes] has no storage"));
    site.hosts[0].target = false;
    EXPECT_EQ(refusal({storage}).kind, ErrorKind::refused);
}

TEST(SiteForms, KnowNamesOfNetworkDevices) {
    for (const auto* good : {"eno2", "enp3s0f1", "bond0.100", "a_b-c", "fifteen-letters"}) {
        EXPECT_TRUE(site_forms::is_device(good)) << good;
    }
    for (const auto* bad : {"", ".", "-a", "sixteen-letters-", "a b", "a/b", "a;b", "\"a"}) {
        EXPECT_FALSE(site_forms::is_device(bad)) << bad;
    }
}

}  // namespace
}  // namespace ordeal
