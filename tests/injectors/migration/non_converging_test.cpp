#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationNonConverging, GoesRoundWhileTheGuestWrites) {
    InjectorFixture sim("migration.non_converging");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(MigrationNonConverging, IsNotActiveForAGuestThatRests) {
    InjectorFixture sim("migration.non_converging");
    ASSERT_TRUE(sim.guest->stop_load(1s));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
