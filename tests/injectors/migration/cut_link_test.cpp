#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(MigrationCutLink, TiesTheDomainUpUntilItIsMended) {
    InjectorFixture sim("migration.cut_link");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    sim.pass(1min);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ((*sim.testbed.host_of("vm"))->name(), "n1");
}

}  // namespace
}  // namespace ordeal
