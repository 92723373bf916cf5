#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

TEST(StorageEnospc, PausesTheDomainByDefault) {
    InjectorFixture sim("storage.enospc");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().reason, "ioerror");
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(StorageEnospc, IsLiftedAlsoWhenLibvirtHangs) {
    InjectorFixture sim("storage.enospc");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    sim.world.mishaps().libvirt_hangs = true;
    EXPECT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
