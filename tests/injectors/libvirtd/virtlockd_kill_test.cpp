#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtdVirtlockdKill, LeavesLibvirtdAlone) {
    InjectorFixture sim("libvirtd.virtlockd_kill");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_TRUE(sim.host->hypervisor().alive(1s));
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_TRUE(sim.host->service_process("virtlockd"));
}

TEST(LibvirtdVirtlockdKill, IsNotHealedBeforeLibvirtdHasToldTheNewOneOfItsLocks) {
    InjectorFixture sim("libvirtd.virtlockd_kill");
    const auto before = sim.host->service_process("libvirtd");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    sim.pass(100ms);
    ASSERT_TRUE(sim.host->start_service("virtlockd"));  // as a service manager does
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_NE(sim.host->service_process("libvirtd")->pid, before->pid);
    EXPECT_TRUE(sim.host->hypervisor().alive(1s));
}

}  // namespace
}  // namespace ordeal
