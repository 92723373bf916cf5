#include "testbed/site/site_testbed.hpp"
#include "testbed/thread_scheduler.hpp"
#include "testbed/wait.hpp"
#include "tests/live/real_site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ordeal::live {
namespace {

using ::testing::HasSubstr;

/// The tables of cuts that the host's kernel has, as nft(8) tells them there.
std::string rules_of(const LabNode& node) {
    const auto listed = run({"nft", "list", "tables", "netdev"},
                            {.deadline = patience, .inside = static_cast<pid_t>(node.init().pid)});
    return listed ? listed->out : listed.error().text();
}

class LiveSiteNetwork : public LiveRealSite {
  protected:
    std::string rules() const { return rules_of(node()); }

    static bool answers(Network& network, Plane plane) {
        return network.echo(plane, "", "n1", 500ms).has_value();
    }
};

TEST_F(LiveSiteNetwork, CutsAPlaneOfAHostButNeverTheWayItComesBy) {
    Diagnostics wrong;
    auto read = parse_site(site(), "site.toml", wrong);
    ASSERT_TRUE(read) << to_text(wrong);
    read->hosts.front().devices[Plane::management] = "management";
    const ThreadScheduler scheduler;
    at_the_site(*lab_, [&] {
        auto opened = SiteTestbed::open(*read, scheduler);
        ASSERT_TRUE(opened);
        auto& site = **opened;
        auto& network = **site.network();
        const std::vector<Way> storage{{.plane = Plane::storage, .from = "n1", .to = ""},
                                       {.plane = Plane::storage, .from = "", .to = "n1"}};
        EXPECT_TRUE(wait_until(patience, [&] { return answers(network, Plane::storage); }));
        EXPECT_TRUE(network.can_impair({.loss = 0.5}));
        EXPECT_EQ(network.can_impair({.delay = 10ms}).error().kind, ErrorKind::missing);
        EXPECT_EQ(rules(), "") << "a look leaves nothing";

        ASSERT_TRUE(network.cut("c1", storage));
        EXPECT_TRUE(network.is_cut("c1").value());
        EXPECT_FALSE(network.is_cut("c2").value());
        EXPECT_FALSE(answers(network, Plane::storage));
        EXPECT_TRUE(answers(network, Plane::management)) << "only that plane";
        EXPECT_THAT(rules(), HasSubstr("table netdev ordeal-c1"));
        ASSERT_TRUE(network.mend("c1"));
        EXPECT_TRUE(wait_until(patience, [&] { return answers(network, Plane::storage); }));
        EXPECT_EQ(rules(), "");

        const auto own = network.cut("c2", {{.plane = Plane::management, .from = "n1", .to = ""}});
        ASSERT_FALSE(own);
        EXPECT_EQ(own.error().kind, ErrorKind::refused);
        EXPECT_THAT(own.error().text(), HasSubstr("ssh itself comes by management"));
        EXPECT_EQ(rules(), "");

        // By the device below the bridge, which passes guests' frames.
        ASSERT_TRUE(network.cut("c3", {{.plane = Plane::guest, .from = "", .to = "n1"}}));
        EXPECT_FALSE(answers(network, Plane::guest));
        ASSERT_TRUE(network.mend("c3"));
        EXPECT_TRUE(wait_until(patience, [&] { return answers(network, Plane::guest); }));
    });
}

TEST_F(LiveSiteNetwork, ACutEndsByItselfWhenNobodyRenewsIt) {
    Diagnostics wrong;
    auto read = parse_site(site(), "site.toml", wrong);
    ASSERT_TRUE(read) << to_text(wrong);
    const ThreadScheduler scheduler;
    at_the_site(*lab_, [&] {
        {
            auto opened = SiteTestbed::open(*read, scheduler);
            ASSERT_TRUE(opened);
            auto& site = **opened;
            auto& network = **site.network();
            ASSERT_TRUE(network.cut("c1", {{.plane = Plane::storage, .from = "n1", .to = ""}}));
            EXPECT_FALSE(wait_until(SiteNetwork::lease + 2s, [&] {
                return answers(network, Plane::storage);
            })) << "it is renewed";
        }
        auto opened = SiteTestbed::open(*read, scheduler);
        ASSERT_TRUE(opened);
        auto& later = **opened;
        auto& network = **later.network();
        EXPECT_TRUE(wait_until(patience, [&] { return answers(network, Plane::storage); }));
        EXPECT_FALSE(network.is_cut("c1").value());
        EXPECT_TRUE(network.mend("c1")) << "the empty table, too";
        EXPECT_EQ(rules(), "");
    });
}

TEST_F(LongLiveRealSite, RunsAnExperimentThatCutsTheGuestsPlane) {
    const auto plane =
        experiment("detection/plane", {{"deadline = \"150s\"", "deadline = \"10min\""}});
    const auto ran = ordeal(site(),
                            {"run",
                             plane,
                             "--only",
                             "plane=guest",
                             "--trials",
                             "1",
                             "--seed",
                             "5",
                             "--out",
                             (folder_ / "run").string()});
    EXPECT_EQ(ran.exit.code, 0) << "the cut was seen, and nothing was lost: " << ran.out << ran.err;
    EXPECT_EQ(rules_of(node()), "");
    EXPECT_EQ(virsh("domstate canary"), "running\n");
}

}  // namespace
}  // namespace ordeal::live
