#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtdStop, LeavesAProcessThatAnswersNobody) {
    InjectorFixture sim("libvirtd.stop");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.host->hypervisor().alive(1s).error().kind, ErrorKind::timeout);
    EXPECT_TRUE(sim.guest->ping(100ms));
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_TRUE(sim.host->hypervisor().alive(1s));
}

TEST(LibvirtdStop, IsHealedAlsoWhenItDiedMeanwhile) {
    InjectorFixture sim("libvirtd.stop");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(10ms);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
