#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

constexpr Bytes a_mebibyte{std::uint64_t{1} << 20U};

TEST(NetworkRate, LimitsWhatGoesOverItsPlaneAlone) {
    InjectorFixture sim("network.rate");
    sim.fault.params.set("rate", a_mebibyte);
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    auto& network = **sim.testbed.network();
    EXPECT_EQ(*network.speed(Plane::guest, "", "n1", std::chrono::seconds(1)), a_mebibyte);
    EXPECT_GT(*network.speed(Plane::storage, "", "n1", std::chrono::seconds(1)), a_mebibyte);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(NetworkRate, RefusesARateThatWouldNotShow) {
    InjectorFixture sim("network.rate");
    sim.fault.params.set("rate", Bytes{std::uint64_t{1} << 30U});
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

TEST(NetworkRate, IsNotActiveWhereNothingComesBack) {
    InjectorFixture sim("network.rate");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    sim.world.cut("other", {{.plane = Plane::guest, .from = "", .to = "n1"}});
    EXPECT_NE(sim.observe(), Presence::active);
}

}  // namespace
}  // namespace ordeal
