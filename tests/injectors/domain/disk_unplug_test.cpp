#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainDiskUnplug, IsActiveOnceTheLoadHasFailed) {
    InjectorFixture sim("domain.disk_unplug");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
}

TEST(DomainDiskUnplug, LeavesTheFilesystemDeadAfterHealing) {
    InjectorFixture sim("domain.disk_unplug");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ(sim.written_in(500ms), 0);
}

}  // namespace
}  // namespace ordeal
