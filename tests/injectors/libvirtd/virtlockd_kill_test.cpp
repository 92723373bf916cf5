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

}  // namespace
}  // namespace ordeal
