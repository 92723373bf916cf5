#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestLinkDown, IsNoAffairOfLibvirts) {
    InjectorFixture sim("guest.link_down");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(*sim.host->hypervisor().link("vm"), LinkState::up);
    EXPECT_FALSE(sim.guest->ping(100ms));
    ASSERT_TRUE(sim.heal());
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(GuestLinkDown, IsRefusedWhereNoEchoComesToBeginWith) {
    InjectorFixture sim("guest.link_down");
    sim.vm().set_network(false);
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
