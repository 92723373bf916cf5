#include "tests/campaign/definition_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ordeal::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const std::string served = "[service]\naddress = \"10.77.100.1\"\nmembers = [\"vm\", \"other\"]\n";
const std::string second = "[[domain]]\nname = \"other\"\n\n";

std::string with_cluster(const std::string& keys, const std::string& before = second + served) {
    return with(sound, "[[load]]", before + "\n[cluster]\n" + keys + "\n[[load]]");
}

TEST(DefinitionCluster, OfHeartbeatHasItsTimingsOnly) {
    const auto definition = parse_sound(with_cluster("stack = \"heartbeat\"\ndeadtime = \"4s\""));
    const auto& cluster = definition.cells.at(0).cluster;
    ASSERT_TRUE(cluster.has_value());
    EXPECT_EQ(cluster->stack, "heartbeat");
    EXPECT_TRUE(cluster->failback);
    EXPECT_THAT(cluster->timings,
                ElementsAre(Pair("keepalive", Duration(1s)),
                            Pair("deadtime", Duration(4s)),
                            Pair("warntime", Duration(2s)),
                            Pair("initdead", Duration(6s))));
}

TEST(DefinitionCluster, OfKeepalivedHasItsTimingsOnly) {
    const auto definition = parse_sound(
        with_cluster("stack = \"keepalived\"\nfailback = false\nadvert_int = \"100ms\""));
    const auto& cluster = definition.cells.at(0).cluster;
    ASSERT_TRUE(cluster.has_value());
    EXPECT_FALSE(cluster->failback);
    EXPECT_THAT(cluster->timings, ElementsAre(Pair("advert_int", Duration(100ms))));
}

TEST(DefinitionCluster, IsNotThereByItself) {
    EXPECT_FALSE(parse_sound(sound).cells.at(0).cluster.has_value());
}

struct ClusterMistake {
    std::string text;
    std::string complaint;
};

void PrintTo(const ClusterMistake& mistake, std::ostream* out) {
    *out << mistake.complaint;
}

class DefinitionClusterMistake : public testing::TestWithParam<ClusterMistake> {};

TEST_P(DefinitionClusterMistake, IsReported) {
    EXPECT_THAT(complaints(GetParam().text), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    DefinitionClusterMistake,
    testing::Values(
        ClusterMistake{with_cluster("deadtime = \"4s\""), "\"stack\" is missing"},
        ClusterMistake{with_cluster("stack = \"pacemaker\""),
                       "\"stack\" must be one of heartbeat, keepalived"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"", ""), "a cluster without a service"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"\nadvert_int = \"1s\""),
                       "\"advert_int\" is a word of keepalived, not of heartbeat"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"\ndeadtime = \"1500ms\""),
                       "deadtime (1.5 s) must be longer than warntime (2 s)"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"\ndeadtime = \"6s\""),
                       "initdead (6 s) must be longer than deadtime (6 s)"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"\nkeepalive = \"2s\""),
                       "warntime (2 s) must be longer than keepalive (2 s)"},
        ClusterMistake{with_cluster("stack = \"keepalived\"\nadvert_int = \"1ms\""),
                       "\"advert_int\" must be a duration such as \"500ms\" from 10 ms to 60 min"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"",
                                    "[service]\naddress = \"10.77.100.1\"\nmembers = [\"vm\"]\n"),
                       "heartbeat makes a cluster of two, not of 1"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"",
                                    "[[domain]]\nname = \"other\"\nmachine = \"bare\"\n" + served),
                       "\"other\" is a bare machine; only virtual ones can be members"},
        ClusterMistake{with_cluster("stack = \"heartbeat\"\ndeadtme = \"4s\""),
                       "did you mean \"deadtime\"?"}));

TEST(DefinitionCluster, IsATable) {
    EXPECT_THAT(complaints(with(sound, "[[load]]", "[[cluster]]\nstack = \"heartbeat\"\n[[load]]")),
                HasSubstr("\"cluster\" must be a table"));
}

}  // namespace
}  // namespace ordeal::test
