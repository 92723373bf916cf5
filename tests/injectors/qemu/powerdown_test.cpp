#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuPowerdown, IsActiveOnceTheGuestHasSwitchedItselfOff) {
    InjectorFixture sim("qemu.powerdown");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.look()->presence, Presence::absent) << "a request, no order";
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().reason, "shutdown");
}

TEST(QemuPowerdown, IsNotActiveWhenTheGuestDoesNotListen) {
    InjectorFixture sim("qemu.powerdown");
    ASSERT_TRUE(sim.prepare());
    sim.vm().hang();
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
