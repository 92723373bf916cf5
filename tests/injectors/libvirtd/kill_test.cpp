#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtdKill, IsActiveWhileTheGuestGoesOn) {
    InjectorFixture sim("libvirtd.kill");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE(sim.host->hypervisor().alive(1s));
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(LibvirtdKill, StaysActiveWhenAServiceManagerStartsAnother) {
    InjectorFixture sim("libvirtd.kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    sim.pass(10ms);
    ASSERT_TRUE(sim.host->start_service("libvirtd"));
    EXPECT_EQ(sim.look()->presence, Presence::active);
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(LibvirtdKill, IsHealedOnceLibvirtdAnswersAgain) {
    InjectorFixture sim("libvirtd.kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    sim.pass(10ms);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
    sim.world.mishaps().libvirt_hangs = true;
    EXPECT_EQ(sim.residue(), Presence::unknown);
}

}  // namespace
}  // namespace ordeal
