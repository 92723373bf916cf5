#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(NetworkMtuBlackhole, LetsSmallPacketsThrough) {
    InjectorFixture sim("network.mtu_blackhole");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    auto& network = **sim.testbed.network();
    EXPECT_TRUE(network.echo(Plane::guest, "", "n1", 1s));
    EXPECT_EQ(network.speed(Plane::guest, "", "n1", 1s)->count, 0U);
    EXPECT_GT(network.speed(Plane::storage, "", "n1", 1s)->count, 0U);
}

TEST(NetworkMtuBlackhole, IsNotActiveWhereNothingComesBack) {
    InjectorFixture sim("network.mtu_blackhole");
    ASSERT_TRUE(sim.prepare());
    sim.world.cut("other", {{.plane = Plane::guest, .from = "", .to = "n1"}});
    EXPECT_NE(sim.look()->presence, Presence::active);
}

}  // namespace
}  // namespace ordeal
