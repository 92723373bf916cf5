#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuKill, IsActiveOnceTheProcessIsGoneWhateverLibvirtSays) {
    InjectorFixture sim("qemu.kill");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    sim.pass(2ms);
    ASSERT_EQ(sim.libvirt().state, DomainState::running);
    EXPECT_EQ(sim.look()->presence, Presence::active);
}

TEST(QemuKill, LeavesNothingThatStopsTheDomainFromStartingAgain) {
    InjectorFixture sim("qemu.kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    sim.pass(1s);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_TRUE(sim.host->hypervisor().start("vm"));
}

TEST(QemuKill, NeverKillsAProcessThatCameLater) {
    InjectorFixture sim("qemu.kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    ASSERT_TRUE(sim.host->hypervisor().start("vm"));
    EXPECT_EQ(sim.inject().error().kind, ErrorKind::not_found);
    sim.pass(1s);
    EXPECT_TRUE(sim.host->qemu_process("vm"));
}

TEST(QemuKill, RefusesUndoDataWithoutAProcess) {
    InjectorFixture sim("qemu.kill");
    EXPECT_EQ(sim.inject().error().kind, ErrorKind::corrupt);
    EXPECT_EQ(sim.residue(), Presence::unknown);
}

TEST(QemuKill, NeedsARunningDomain) {
    InjectorFixture sim("qemu.kill");
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
