#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainDestroy, IsActiveOnceTheProcessIsGone) {
    InjectorFixture sim("domain.destroy");
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().reason, "destroyed");
}

TEST(DomainDestroy, SaysWhenLibvirtIsNotThere) {
    InjectorFixture sim("domain.destroy");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.host->signal(*sim.host->service_process("libvirtd"), Signal::kill));
    sim.pass(10ms);
    EXPECT_EQ(sim.inject().error().kind, ErrorKind::unavailable);
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
