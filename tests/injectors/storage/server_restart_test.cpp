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
    int written = 0;
    const auto heard = sim.guest->on_acknowledged([&](const Acknowledged&) { ++written; });
    sim.pass(1s);
    EXPECT_GT(written, 0);
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
