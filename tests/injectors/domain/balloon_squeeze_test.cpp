#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(DomainBalloonSqueeze, IsActiveOnceTheGuestHasGivenItsMemoryUp) {
    InjectorFixture sim("domain.balloon_squeeze");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.look()->presence, Presence::absent) << "it takes its time";
    EXPECT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.vm().memory().count, sim.vm().spec().memory.count);
}

TEST(DomainBalloonSqueeze, IsNotActiveWhenTheGuestGivesNothing) {
    InjectorFixture sim("domain.balloon_squeeze");
    ASSERT_TRUE(sim.prepare());
    sim.vm().hang();
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

TEST(DomainBalloonSqueeze, NeedsABalloonAndMemoryToTake) {
    InjectorFixture without("domain.balloon_squeeze",
                            {.name = "vm", .disks = {{.name = "data", .backing = "nbd"}}});
    EXPECT_EQ(without.prepare().error().kind, ErrorKind::refused);
    InjectorFixture small("domain.balloon_squeeze");
    small.fault.params.set("leave", Bytes{std::uint64_t{1} << 30U});
    EXPECT_EQ(small.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
