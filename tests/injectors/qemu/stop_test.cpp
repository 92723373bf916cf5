#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuStop, IsActiveWhileLibvirtCallsTheDomainRunning) {
    InjectorFixture sim("qemu.stop");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(QemuStop, GoesOnAfterHealingInAFreshProcess) {
    InjectorFixture sim("qemu.stop");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(QemuStop, HealsADomainThatEndedMeanwhile) {
    InjectorFixture sim("qemu.stop");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_TRUE(sim.testbed.remove("vm"));
    EXPECT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(QemuStop, RefusesAProcessThatSomebodyElseStopped) {
    InjectorFixture sim("qemu.stop");
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
