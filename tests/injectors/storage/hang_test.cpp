#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(StorageHang, HoldsTheLoadUntilItIsHealed) {
    InjectorFixture sim("storage.hang");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.written_in(1s), 0);
    ASSERT_TRUE(sim.heal());
    EXPECT_GT(sim.written_in(1s), 0);
}

}  // namespace
}  // namespace ordeal
