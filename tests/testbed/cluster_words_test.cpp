#include "testbed/cluster_words.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

MemberSpec member() {
    return {.cluster = {.stack = "heartbeat",
                        .timings = {{"keepalive", 500ms}, {"deadtime", Duration(3s)}}},
            .service = {.address = "10.77.100.1", .port = 8080, .members = {"ha-a", "ha-b"}},
            .slots = {4, 5}};
}

TEST(ClusterWords, SayWhatTheGuestNeedsToBeAMember) {
    EXPECT_EQ(cluster_words(member(), "ha-b"),
              "ordeal.stack=heartbeat ordeal.node=ha-b "
              "ordeal.members=ha-a@10.77.1.5,ha-b@10.77.1.6 ordeal.vip=10.77.100.1/16 "
              "ordeal.port=8080 ordeal.timings=keepalive:500,deadtime:3000 ordeal.failback=on");
}

TEST(ClusterWords, SayThatNobodyTakesTheAddressBack) {
    auto stays = member();
    stays.cluster.failback = false;
    EXPECT_TRUE(cluster_words(stays, "ha-a").ends_with(" ordeal.failback=off"));
}

TEST(ClusterWords, RoundPartsOfMillisecondsUp) {
    auto odd = member();
    odd.cluster.timings = {{"deadtime", Duration(10'000'001ns)}};
    EXPECT_NE(cluster_words(odd, "ha-a").find("ordeal.timings=deadtime:11 "), std::string::npos);
}

}  // namespace
}  // namespace ordeal
