#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainSuspend, IsActiveWhenTheGuestIsSilentAndNotExecuted) {
    InjectorFixture sim("domain.suspend");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
}

TEST(DomainSuspend, IsNotMistakenForAHungAStoppedOrADeadAgentsGuest) {
    InjectorFixture hung("domain.suspend");
    ASSERT_TRUE(hung.prepare());
    hung.vm().hang();
    EXPECT_NE(hung.observe(), Presence::active);

    InjectorFixture stopped("domain.suspend");
    ASSERT_TRUE(stopped.prepare());
    ASSERT_TRUE(stopped.host->signal(*stopped.host->qemu_process("vm"), Signal::stop));
    EXPECT_EQ(stopped.observe(), Presence::absent);

    InjectorFixture mute("domain.suspend");
    ASSERT_TRUE(mute.prepare());
    mute.vm().kill_agent();
    EXPECT_EQ(mute.observe(), Presence::absent);
}

TEST(DomainSuspend, DoesNotDecideInLessThanThreeIntervals) {
    InjectorFixture sim("domain.suspend");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    const std::stop_token token;
    InjectorContext context{.testbed = sim.testbed,
                            .scheduler = sim.scheduler,
                            .stop = token,
                            .guest = sim.guest,
                            .deadline = sim.scheduler.now() + 200ms};
    EXPECT_EQ(sim.injector->observe(context, sim.fault).error().kind, ErrorKind::timeout);
}

TEST(DomainSuspend, ResumesOnlyWhatTheUserSuspended) {
    InjectorFixture sim("domain.suspend");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    sim.vm().panic();
    sim.pass(1s);
    EXPECT_TRUE(sim.heal());
    EXPECT_EQ(sim.libvirt().state, DomainState::crashed);
}

TEST(DomainSuspend, RefusesADomainThatIsPausedAlready) {
    InjectorFixture sim("domain.suspend");
    ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
