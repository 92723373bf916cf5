#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(HostPowerOff, TakesEverythingOfTheHostDownWithoutAWord) {
    InjectorFixture sim("host.power_off");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ((*sim.host->power())->state(1s).value(), PowerState::off);
    EXPECT_FALSE(sim.host->qemu_process("vm"));
    EXPECT_FALSE(sim.host->hypervisor().alive(1s));
    sim.pass(60s);
    EXPECT_EQ(sim.residue(), Presence::active) << "it does not come back by itself";
}

TEST(HostPowerOff, IsHealedByANewBootOfTheHostWithItsDomainsDown) {
    InjectorFixture sim("host.power_off");
    const auto before = sim.host->boot_id(1s).value();
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_NE(sim.host->boot_id(1s).value(), before);
    EXPECT_EQ(sim.libvirt().state, DomainState::shut_off);
}

TEST(HostPowerOff, DoesNotTakeTheEndOfOneServiceForTheHosts) {
    InjectorFixture sim("host.power_off");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("sshd"), Signal::kill));
    sim.pass(10ms);
    ASSERT_TRUE(sim.host->start_service("sshd"));
    EXPECT_EQ(sim.look()->presence, Presence::absent);
}

TEST(HostPowerOff, DoesNotBelieveAControllerThatSaysOff) {
    InjectorFixture sim("host.power_off");
    ASSERT_TRUE(sim.prepare());
    sim.world.mishaps() = {.power = Deed::does_nothing, .power_lies = true};
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ((*sim.host->power())->state(1s).value(), PowerState::off);
    EXPECT_EQ(sim.observe(), Presence::absent);
}

TEST(HostPowerOff, RefusesAHostThatIsOff) {
    InjectorFixture sim("host.power_off");
    ASSERT_TRUE((*sim.host->power())->order(PowerOrder::off, 1s));
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
