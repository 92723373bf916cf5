#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestForkBomb, IsCountedByTheGuestsKernel) {
    InjectorFixture sim("guest.fork_bomb");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_GE(sim.guest->look("data", 1s)->fault_processes, 300);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.guest->look("data", 1s)->fault_processes, 0);
}

}  // namespace
}  // namespace ordeal
