#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainMigrate, IsActiveOnceTheDomainRunsOnTheOtherHostAlone) {
    InjectorFixture sim("domain.migrate");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.fault.undo.get<std::string>("to"), "n2");
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ((*sim.testbed.host_of("vm"))->name(), "n2");
    EXPECT_TRUE(sim.guest->ping(100ms)) << "the guest goes on";
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(DomainMigrate, CountsAsBegunWhileBothHostsHaveAQemu) {
    for (const std::string until : {"arrived", "begun"}) {
        InjectorFixture sim("domain.migrate");
        sim.fault.params.set("until", until);
        ASSERT_TRUE(sim.prepare());
        ASSERT_TRUE(sim.testbed.define_at("vm", "n2"));
        ASSERT_TRUE((*sim.testbed.host("n2"))->hypervisor().start("vm"));
        EXPECT_EQ(sim.look()->presence, until == "begun" ? Presence::active : Presence::absent);
        EXPECT_EQ(sim.residue(), Presence::active) << "it goes on, or two run";
    }
}

TEST(DomainMigrate, DoesNotArriveAtAHostThatIsDown) {
    InjectorFixture sim("domain.migrate");
    ASSERT_TRUE(sim.prepare());
    sim.world.machine("n2")->power_off();
    EXPECT_FALSE(sim.inject());
    EXPECT_NE(sim.observe(), Presence::active);
    EXPECT_EQ((*sim.testbed.host_of("vm"))->name(), "n1");
}

TEST(DomainMigrate, RefusesToMoveToNowhereAndToItsOwnHost) {
    InjectorFixture sim("domain.migrate");
    sim.fault.params.set("to", std::string("n9"));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::not_found);
    sim.fault.params.set("to", std::string("n1"));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
    InjectorFixture alone("domain.migrate", vm_with_disk(), {"n1"});
    EXPECT_EQ(alone.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
