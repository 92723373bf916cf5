#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuThrottle, IsActiveWhileTheKernelKeepsItWaiting) {
    InjectorFixture sim("qemu.throttle");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_TRUE(sim.guest->ping(100ms)) << "it lives";
}

TEST(QemuThrottle, IsNotActiveForAGuestThatWantsLess) {
    InjectorFixture sim("qemu.throttle");
    sim.fault.params.set("processors", 0.9);
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
