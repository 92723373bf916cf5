#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(StorageServerRestart, PutsAnotherProcessInItsPlace) {
    InjectorFixture sim("storage.server_restart");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_GT(sim.written_in(1s), 0);
}

TEST(StorageServerRestart, LeavesAResidueWhenTheServerDoesNotComeBack) {
    InjectorFixture sim("storage.server_restart");
    ASSERT_TRUE(sim.prepare());
    sim.world.mishaps().storage = Deed::fails;
    EXPECT_FALSE(sim.inject());
    EXPECT_EQ(sim.residue(), Presence::active);
}

}  // namespace
}  // namespace ordeal
