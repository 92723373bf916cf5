#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestReboot, IsSeenByTheBootIdAlone) {
    InjectorFixture sim("guest.reboot");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    const auto at_once = sim.look();  // an error while no agent speaks
    EXPECT_FALSE(at_once && at_once->presence == Presence::active);
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
    EXPECT_TRUE(sim.vm().agent_answers());
}

}  // namespace
}  // namespace ordeal
