#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestPanic, IsActiveByTheGuestsSilenceWithAndWithoutPvpanic) {
    for (const bool pvpanic : {true, false}) {
        for (const auto* on_crash : {"preserve", "destroy"}) {
            InjectorFixture sim("guest.panic",
                                {.name = "vm", .pvpanic = pvpanic, .on_crash = on_crash});
            ASSERT_TRUE(sim.prepare());
            EXPECT_EQ(sim.look()->presence, Presence::absent);
            ASSERT_TRUE(sim.inject());
            EXPECT_EQ(sim.observe(), Presence::active) << pvpanic << " " << on_crash;
            EXPECT_EQ(sim.libvirt().state == DomainState::running, !pvpanic);
        }
    }
}

TEST(GuestPanic, TakesThePanicLineAsProof) {
    InjectorFixture sim("guest.panic", {.name = "vm", .pvpanic = false});
    ASSERT_TRUE(sim.prepare());
    sim.vm().kill_agent();
    sim.world.agenda().after(30ms, [&] { sim.vm().panic(); });
    const auto seen = sim.look();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->presence, Presence::active);
    EXPECT_NE(seen->evidence.find("console"), std::string::npos);
}

TEST(GuestPanic, IsNotMistakenForAStoppedSuspendedOrDestroyedDomain) {
    InjectorFixture stopped("guest.panic");
    ASSERT_TRUE(stopped.prepare());
    ASSERT_TRUE(stopped.host->signal(*stopped.host->qemu_process("vm"), Signal::stop));
    EXPECT_EQ(stopped.observe(), Presence::unknown);

    InjectorFixture suspended("guest.panic");
    ASSERT_TRUE(suspended.prepare());
    ASSERT_TRUE(suspended.host->hypervisor().suspend("vm"));
    EXPECT_EQ(suspended.observe(), Presence::unknown);

    InjectorFixture destroyed("guest.panic");
    ASSERT_TRUE(destroyed.prepare());
    ASSERT_TRUE(destroyed.host->hypervisor().destroy("vm"));
    EXPECT_EQ(destroyed.observe(), Presence::unknown);
}

TEST(GuestPanic, SaysWhenTheAgentDoesNotTakeTheOrder) {
    InjectorFixture sim("guest.panic");
    ASSERT_TRUE(sim.prepare());
    sim.world.mishaps().agent_silent = true;
    EXPECT_EQ(sim.inject().error().kind, ErrorKind::timeout);
}

}  // namespace
}  // namespace ordeal
