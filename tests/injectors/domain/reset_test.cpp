#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainReset, IsActiveOnceTheAgentBeatsWithAnotherBootId) {
    InjectorFixture sim("domain.reset");
    ASSERT_TRUE(sim.prepare());
    const auto qemu = sim.host->qemu_process("vm")->pid;
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.host->qemu_process("vm")->pid, qemu);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(DomainReset, IsNotMistakenForANewQemu) {
    InjectorFixture sim("domain.reset");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    sim.pass(1s);
    ASSERT_TRUE(sim.host->hypervisor().start("vm"));
    EXPECT_EQ(sim.observe(), Presence::absent);
}

TEST(DomainReset, NeedsAnAgentThatBeats) {
    InjectorFixture sim("domain.reset");
    sim.vm().kill_agent();
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace ordeal
