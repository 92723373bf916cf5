#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestServiceHang, LeavesAnOpenPortThatNobodyAnswersAt) {
    InjectorFixture sim("guest.service_hang");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_TRUE(sim.guest->connect(80, 100ms));
    EXPECT_EQ(sim.guest->ask(80, "GET / HTTP/1.0\r\n\r\n", 100ms).error().kind, ErrorKind::timeout);
    ASSERT_TRUE(sim.heal());
    EXPECT_TRUE(sim.guest->ask(80, "GET / HTTP/1.0\r\n\r\n", 100ms));
}

TEST(GuestServiceHang, IsNotTakenForAServiceThatIsGone) {
    InjectorFixture sim("guest.service_hang");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    sim.vm().set_servers(false);
    const auto seen = sim.look();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->presence, Presence::unknown);
}

}  // namespace
}  // namespace ordeal
