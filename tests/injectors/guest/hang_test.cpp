#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestHang, IsNotMistakenForAStoppedOrSuspendedDomain) {
    InjectorFixture stopped("guest.hang");
    ASSERT_TRUE(stopped.prepare());
    ASSERT_TRUE(stopped.host->signal(*stopped.host->qemu_process("vm"), Signal::stop));
    EXPECT_EQ(stopped.observe(), Presence::unknown);

    InjectorFixture suspended("guest.hang");
    ASSERT_TRUE(suspended.prepare());
    ASSERT_TRUE(suspended.host->hypervisor().suspend("vm"));
    EXPECT_EQ(suspended.observe(), Presence::unknown);
}

TEST(GuestHang, IsNoNewsToLibvirt) {
    InjectorFixture sim("guest.hang");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

}  // namespace
}  // namespace ordeal
