#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestServiceKill, LeavesAGuestThatRefusesConnections) {
    InjectorFixture sim("guest.service_kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_TRUE(sim.guest->ping(100ms));
    EXPECT_EQ(sim.guest->connect(80, 100ms).error().kind, ErrorKind::refused);
    ASSERT_TRUE(sim.heal());
    EXPECT_FALSE(sim.guest->connect(80, 100ms)) << "nobody started it again";
}

TEST(GuestServiceKill, IsRefusedWhereNobodyServesToBeginWith) {
    InjectorFixture sim("guest.service_kill");
    sim.vm().set_servers(false);
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
