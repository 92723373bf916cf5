#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuFreeze, IsActiveWhileNoProcessTableShowsIt) {
    InjectorFixture sim("qemu.freeze");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.host->process_status(*sim.host->qemu_process("vm"))->state, 'S');
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(QemuFreeze, IsNotMistakenForAStoppedQemu) {
    InjectorFixture sim("qemu.freeze");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
    EXPECT_EQ(sim.observe(), Presence::absent);
}

TEST(QemuFreeze, GoesOnAfterHealingInAFreshProcess) {
    InjectorFixture sim("qemu.freeze");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.guest->ping(100ms));
}

TEST(QemuFreeze, RefusesAProcessThatIsConfinedAlready) {
    InjectorFixture sim("qemu.freeze");
    ASSERT_TRUE(sim.host->confine(*sim.host->qemu_process("vm"), {.frozen = true}));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
