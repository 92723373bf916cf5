#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuPause, IsActiveAndLibvirtDoesNotKnowWhoDidIt) {
    InjectorFixture sim("qemu.pause");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().state, DomainState::paused);
    EXPECT_EQ(sim.libvirt().reason, "unknown");
}

TEST(QemuPause, GoesOnAfterHealingInAFreshProcess) {
    InjectorFixture sim("qemu.pause");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(QemuPause, RefusesADomainThatIsPausedAlready) {
    InjectorFixture sim("qemu.pause");
    ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
