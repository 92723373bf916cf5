#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(LibvirtdRestart, ComesBackWithItsDomains) {
    InjectorFixture sim("libvirtd.restart");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_FALSE(sim.host->hypervisor().alive(1s));
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

}  // namespace
}  // namespace ordeal
