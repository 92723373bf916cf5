#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestMemoryHog, LeavesWhatItIsTold) {
    InjectorFixture sim("guest.memory_hog");
    sim.fault.params.set("leave", Bytes{std::uint64_t{2} << 20U});
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_LE(sim.guest->look("data", 1s)->memory_available.count, std::uint64_t{2} << 20U);
    ASSERT_TRUE(sim.heal());
    EXPECT_GT(sim.guest->look("data", 1s)->memory_available.count, std::uint64_t{2} << 20U);
}

}  // namespace
}  // namespace ordeal
