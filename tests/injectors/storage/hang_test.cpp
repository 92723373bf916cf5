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
    int written = 0;
    const auto heard = sim.guest->on_acknowledged([&](const Acknowledged&) { ++written; });
    sim.pass(1s);
    EXPECT_EQ(written, 0);
    ASSERT_TRUE(sim.heal());
    sim.pass(1s);
    EXPECT_GT(written, 0);
}

}  // namespace
}  // namespace ordeal
