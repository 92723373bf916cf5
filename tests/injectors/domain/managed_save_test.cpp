#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainManagedSave, ComesBackWithTheSameBootAndGoesOnWriting) {
    InjectorFixture sim("domain.managed_save");
    const auto boot = sim.guest->wait_hello(sim.scheduler.now() + 1s)->boot_id;
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    sim.pass(1s);
    EXPECT_EQ(sim.libvirt().reason, "saved");
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ(sim.libvirt().reason, "restored");
    EXPECT_EQ(sim.guest->wait_hello(sim.scheduler.now() + 1s)->boot_id, boot);
    EXPECT_GT(sim.written_in(500ms), 0);
}

TEST(DomainManagedSave, StartsNothingThatWasNotSaved) {
    InjectorFixture sim("domain.managed_save");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    sim.pass(1s);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.libvirt().state, DomainState::shut_off);
}

}  // namespace
}  // namespace ordeal
