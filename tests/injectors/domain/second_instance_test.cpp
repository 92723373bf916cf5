#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainSecondInstance, IsActiveWhileBothRun) {
    InjectorFixture sim("domain.second_instance");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    sim.vm().destroy();
    sim.pass(1s);
    EXPECT_EQ(sim.look()->presence, Presence::absent) << "one that is left is no two";
}

TEST(DomainSecondInstance, LeavesTheFirstAloneAndForgetsTheSecond) {
    InjectorFixture sim("domain.second_instance");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    const auto first = sim.host->qemu_process("vm").value().pid;
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ(sim.host->qemu_process("vm").value().pid, first);
    EXPECT_EQ((*sim.testbed.host("n2"))->hypervisor().state("vm")->state, DomainState::not_defined);
}

TEST(DomainSecondInstance, TakesARefusalForTheDeedWhereItIsExpected) {
    for (const std::string expect : {"runs", "refused"}) {
        InjectorFixture sim("domain.second_instance");
        sim.fault.params.set("expect", expect);
        ASSERT_TRUE(sim.prepare());
        EXPECT_EQ(sim.look()->presence, Presence::absent);
        sim.world.mishaps().libvirt = Deed::fails;
        EXPECT_EQ(sim.inject().has_value(), expect == "refused");
        sim.world.mishaps() = {};
        EXPECT_EQ(sim.look()->presence, expect == "refused" ? Presence::active : Presence::absent);
        EXPECT_EQ(sim.residue(), Presence::active) << "the other host knows it";
        ASSERT_TRUE(sim.heal());
        EXPECT_EQ(sim.residue(), Presence::absent);
    }
}

TEST(DomainSecondInstance, IsNotWhatWasExpectedWhenNobodyRefusesIt) {
    InjectorFixture sim("domain.second_instance");
    sim.fault.params.set("expect", std::string("refused"));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
